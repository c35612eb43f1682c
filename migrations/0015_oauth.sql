ALTER TABLE `device_codes` ADD `tenant_id` text;--> statement-breakpoint
CREATE INDEX `device_codes_by_expiry` ON `device_codes` (`expires_at`);--> statement-breakpoint
ALTER TABLE `oauth_clients` ADD `created_by` text;--> statement-breakpoint
CREATE INDEX `oauth_clients_by_tenant` ON `oauth_clients` (`reference_id`,`client_id`);--> statement-breakpoint
CREATE INDEX `oauth_refresh_tokens_by_expiry` ON `oauth_refresh_tokens` (`expires_at`);