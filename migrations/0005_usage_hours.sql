CREATE TABLE `reconciliation_progress` (
	`id` text PRIMARY KEY NOT NULL,
	`after_tenant_id` text
);
--> statement-breakpoint
CREATE TABLE `usage_discrepancies` (
	`tenant_id` text NOT NULL,
	`hour_ms` integer NOT NULL,
	`kind` text NOT NULL,
	`in_cell` text,
	`in_registry` text,
	`first_found_at_ms` integer NOT NULL,
	`found_at_ms` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `hour_ms`)
);
--> statement-breakpoint
CREATE TABLE `usage_hours` (
	`tenant_id` text NOT NULL,
	`hour_ms` integer NOT NULL,
	`revision` integer NOT NULL,
	`as_of_ms` integer NOT NULL,
	`inferences` integer NOT NULL,
	`pending` integer NOT NULL,
	`ok` integer NOT NULL,
	`rejected` integer NOT NULL,
	`failed` integer NOT NULL,
	`unsettled` integer NOT NULL,
	`cost_micro_usd` integer NOT NULL,
	`compute_ms` integer NOT NULL,
	`bytes_in` integer NOT NULL,
	`bytes_out` integer NOT NULL,
	`refused` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `hour_ms`)
);
--> statement-breakpoint
CREATE INDEX `usage_hours_by_hour` ON `usage_hours` (`hour_ms`);