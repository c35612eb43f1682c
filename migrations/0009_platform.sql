-- The platform's own people are members of a tenant of its own, whose cell decides about their tokens. It runs no models.
INSERT INTO tenants (id, name, status, rate_per_second, burst, max_models, max_versions, created_at_ms)
VALUES ('ten_000000000000000000p1atf0rm', 'Platform', 'active', 1, 1, 0, 0, 0);--> statement-breakpoint
-- The API that access tokens are for. It stands here, because seeding it at start-up would make every start ask the database.
INSERT INTO oauth_resources (id, identifier, name, access_token_ttl, created_at)
VALUES ('api', 'urn:tensorgate:api', 'Tensorgate API', 300, 0);
