ALTER TABLE `sessions` ADD `has_second_factor` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `security_policy` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX `audit_events_by_target` ON `audit_events` (`target_id`,`id`);