-- Whose a row is. A use of an assertion carries a mark of the request that made it, so that a request whose commit nobody
-- answered can tell its own row from another's. A revocation names the client, so that none fills what is for all. Rows
-- of before this migration are nobody's.

alter table used_assertion add column mark {text_c} not null default '';
alter table revocation add column client {text_c} not null default '';
