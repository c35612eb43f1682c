-- The scope `infer` is called `models:infer` now, as all permissions are called `resource:action`.
UPDATE api_keys SET scopes = replace(scopes, '"infer"', '"models:infer"');--> statement-breakpoint
-- Who had keys:write could list keys too.
UPDATE api_keys SET scopes = replace(scopes, '"keys:write"', '"keys:write","keys:read"');
