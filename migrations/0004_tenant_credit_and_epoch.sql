CREATE TABLE `credit_grants` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`amount_micro_usd` integer NOT NULL,
	`reason` text,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `tenants` ADD `not_before_ms` integer DEFAULT 0 NOT NULL;