-- Grants that can be refreshed: what moves with every refresh, apart from what was granted (`oauth_grant`, under the same
-- id). Keyed as it is listed. A row goes when its grant is ended.

create table refresh_grant (
    org {text_c} not null,
    server {text_c} not null,
    client {text_c} not null,
    id {text_c} not null,
    updated {int64} not null,
    idle_expires {int64} not null,
    expires {int64},
    primary key (org, server, client, id)
){table_options};
