CREATE TABLE `outbox_emails` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`sent_at_ms` integer NOT NULL,
	`recipient` text NOT NULL,
	`template` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`html` text NOT NULL
);
