//! Queries on a real PostgreSQL server, which the tests start for themselves and end. Where no server is installed they
//! say "skipped" and pass, unless `CI=true` or `BAKEOFF_TEST_POSTGRES=1`.

mod cluster;
mod failures;
mod reading;
mod tls;
