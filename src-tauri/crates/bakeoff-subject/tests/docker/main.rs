//! Docker subjects against a real daemon. Where none answers the tests say "skipped" and pass, unless
//! BAKEOFF_TEST_DOCKER=1 or CI=true. The image is made by tests/docker/etcd-image.

mod capability;
mod cluster;
mod faults;
mod instance;
mod pd;
mod project;
mod support;
