-- Which org founded the database: one row at most, whose org is none, so that of several first starts at once exactly
-- one makes an org.

create table founding (
    org {text_c} not null,
    founder {text_c} not null,
    primary key (org)
){table_options};
