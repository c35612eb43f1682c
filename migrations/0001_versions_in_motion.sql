ALTER TABLE `models` ADD `loaded` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `models` ADD `traffic` text;--> statement-breakpoint
ALTER TABLE `models` ADD `previous` text;--> statement-breakpoint
ALTER TABLE `versions` ADD `runtime` text DEFAULT 'isolate' NOT NULL;--> statement-breakpoint
ALTER TABLE `versions` ADD `placement` text DEFAULT '{"wished":"auto","reasons":[]}' NOT NULL;--> statement-breakpoint
ALTER TABLE `versions` ADD `backend` text;--> statement-breakpoint
ALTER TABLE `versions` ADD `retired_at_ms` integer;--> statement-breakpoint
ALTER TABLE `tenants` ADD `max_models` integer DEFAULT 100 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `max_versions` integer DEFAULT 50 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `max_stored_bytes` integer DEFAULT 10737418240 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `max_run_ms` integer DEFAULT 10000 NOT NULL;