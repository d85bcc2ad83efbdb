//! `bakeoff deploy-check WORKFLOW` and `bakeoff deploy-unblock WORKFLOW`

use super::output::{Output, data, talk};
use super::{CliResult, DONE, FAILED};
use bakeoff_service::Service;
use bakeoff_service::dto::{DeployBlock, DeployCheck};

/// Arguments of `deploy-check`.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// The workflow's name or file.
    workflow: String,
}

/// Arguments of `deploy-unblock`.
#[derive(Debug, clap::Args)]
pub struct UnblockArguments {
    /// The workflow's name or file.
    workflow: String,
    /// Why it may be deployed all the same; it is kept.
    #[arg(long)]
    reason: String,
}

/// Exits with 1 while a block stands, and says why.
pub fn check(service: &Service, arguments: &CheckArguments, output: &Output) -> CliResult {
    let check = service.deploy_check(&arguments.workflow)?;
    output.print(&check, || match &check.block {
        None => data(&format!("{} may be deployed", check.workflow)),
        Some(block) => {
            data(&format!(
                "{} is blocked since {} (run #{})",
                check.workflow,
                bakeoff_service::local_time(block.at),
                block.run
            ));
            reasons(block);
            talk(&format!("lift it with: bakeoff deploy-unblock {} --reason \"…\"", check.workflow));
        }
    });
    Ok(if check.block.is_some() { FAILED } else { DONE })
}

/// Lifts the block.
pub fn unblock(service: &Service, arguments: &UnblockArguments, output: &Output) -> CliResult {
    let check = service.deploy_unblock(&arguments.workflow, &arguments.reason)?;
    output.print(&check, || history(&check));
    Ok(DONE)
}

fn reasons(block: &DeployBlock) {
    for result in &block.failed {
        data(&format!("  {}, {}: {}", result.gate.name, result.variant, result.sentence));
    }
}

fn history(check: &DeployCheck) {
    data(&format!("{} may be deployed again", check.workflow));
    for block in &check.history {
        let lifted = match (block.lifted_at, &block.lifted_reason) {
            (Some(at), Some(reason)) => format!("lifted {}: {reason}", bakeoff_service::local_time(at)),
            _ => "stands".to_owned(),
        };
        data(&format!("  run #{}, {}: {lifted}", block.run, bakeoff_service::local_time(block.at)));
    }
}
