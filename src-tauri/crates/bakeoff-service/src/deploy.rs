//! Blocks against deploying a workflow: set by a gate, lifted by a person with a reason, kept for ever.

use crate::dto::{DeployBlock, DeployCheck, ServiceError};
use crate::error::Result;
use crate::service::Service;

impl Service {
    /// Whether a workflow (by name or file) may be deployed. A finished run whose gates were not checked yet, because
    /// the program died then, is checked first.
    pub fn deploy_check(&self, workflow: &str) -> Result<DeployCheck> {
        let file = self.workflow_text(workflow)?.file;
        self.check_unchecked_runs(&file)?;
        self.deploy_state(file)
    }

    /// Lifts the block that stands, for a reason that is kept.
    pub fn deploy_unblock(&self, workflow: &str, reason: &str) -> Result<DeployCheck> {
        let file = self.workflow_text(workflow)?.file;
        if reason.trim().is_empty() {
            return Err(ServiceError::bad_input("lifting a block needs a reason")
                .with_hint("say why it may be deployed all the same: --reason \"…\""));
        }
        self.check_unchecked_runs(&file)?;
        if self.standing_block(&file)?.is_none() {
            return Err(ServiceError::conflict(format!("{file} is not blocked"))
                .with_hint("there is nothing to lift"));
        }
        self.wait(self.store().lift_deploy_blocks(file.clone(), self.now(), reason.trim()))?;
        self.notify(crate::dto::Notice::Runs);
        self.deploy_state(file)
    }

    /// The block that stands against a workflow file.
    pub(crate) fn standing_block(&self, file: &str) -> Result<Option<DeployBlock>> {
        Ok(self.store().current_deploy_block(file)?.map(edge))
    }

    fn deploy_state(&self, workflow: String) -> Result<DeployCheck> {
        let history: Vec<DeployBlock> =
            self.store().deploy_blocks(Some(&workflow))?.into_iter().map(edge).collect();
        let block = history.iter().find(|block| block.lifted_at.is_none()).cloned();
        Ok(DeployCheck { block, history, workflow })
    }
}

fn edge(stored: bakeoff_store::DeployBlock) -> DeployBlock {
    let (lifted_at, lifted_reason) = stored.lifted.unzip();
    DeployBlock {
        id: stored.id,
        workflow: stored.block.workflow,
        run: stored.block.run,
        at: stored.block.at,
        failed: stored.block.failed_gates,
        lifted_at,
        lifted_reason,
    }
}
