ALTER TABLE `sessions` ADD `has_second_factor` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `security_policy` text DEFAULT '{}' NOT NULL;