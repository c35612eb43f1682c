ALTER TABLE `api_keys` ADD `allowed_ips` text;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `limits` text;--> statement-breakpoint
ALTER TABLE `tenants` ADD `plan` text DEFAULT 'standard' NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `overrides` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `policy_version` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `allowed_ips` text;--> statement-breakpoint
ALTER TABLE `tenants` ADD `period_anchor_ms` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `location_hint` text;