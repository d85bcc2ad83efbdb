//! The probe of the daemon's kernel.

use crate::support::{IMAGE, docker_or_skip};
use bakeoff_subject::docker::capability::Capabilities;

#[tokio::test]
async fn what_the_kernel_can_do_is_found_out_and_what_it_can_not_is_said_literally() {
    let Some(engine) = docker_or_skip().await else { return };
    let capabilities = Capabilities::probe(&engine, IMAGE).await.unwrap();
    println!("{:?} {capabilities:?}", engine.info());
    assert_eq!(capabilities.iptables, Ok(()), "every Docker on Linux has iptables");
    for ability in [&capabilities.netem, &capabilities.nfqueue, &capabilities.statistic] {
        if let Err(reason) = ability {
            assert!(!reason.is_empty(), "a missing mechanism has the tool's own words: {capabilities:?}");
        }
    }
}
