CREATE TABLE `audit_events` (
	`id` text PRIMARY KEY NOT NULL,
	`at_ms` integer NOT NULL,
	`tenant_id` text,
	`act` text NOT NULL,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`target_id` text,
	`ip_address` text NOT NULL,
	`user_agent` text NOT NULL,
	`request_id` text NOT NULL,
	`before` text,
	`after` text
);
--> statement-breakpoint
CREATE INDEX `audit_events_by_tenant` ON `audit_events` (`tenant_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_events_by_actor` ON `audit_events` (`actor_id`,`id`);