CREATE TABLE `operator_claims` (
	`id` text PRIMARY KEY NOT NULL,
	`entry_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`started_at_ms` integer NOT NULL,
	`lease_ends_at_ms` integer NOT NULL,
	`expires_at_ms` integer NOT NULL,
	`status` integer,
	`headers` text,
	`body` blob
);
--> statement-breakpoint
CREATE INDEX `operator_claims_by_expiry` ON `operator_claims` (`expires_at_ms`);