//! Workflows that may not be deployed, why, and who lifted it when.

use crate::error::{Problem, StoreError};
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::gate::GateResult;
use bakeoff_core::trial::Millis;
use rusqlite::{OptionalExtension, Row, params};

/// A block to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeployBlock {
    /// The workflow, as the caller names it (its file relative to the workspace).
    pub workflow: String,
    /// The run whose gates failed; the block stays when that run is deleted.
    pub run: RunId,
    /// When.
    pub at: Millis,
    /// The gates that failed.
    pub failed_gates: Vec<GateResult>,
}

/// A block.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployBlock {
    /// Its number, from 1.
    pub id: u32,
    /// What was blocked and why.
    pub block: NewDeployBlock,
    /// When it was lifted and for what reason; absent: it stands.
    pub lifted: Option<(Millis, String)>,
}

const COLUMNS: &str = "id, workflow, run, at, failed_gates, lifted_at, lifted_reason";

impl Store {
    /// Blocks a workflow; returns the block's number. Blocks of several runs stand beside each other.
    pub async fn insert_deploy_block(&self, block: NewDeployBlock) -> Result<u32, StoreError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO deploy_blocks (workflow, run, at, failed_gates) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    block.workflow,
                    block.run,
                    block.at,
                    json(&block.failed_gates, "the gates of a block")?
                ])?;
            Ok(u32::try_from(connection.last_insert_rowid()).unwrap_or(u32::MAX))
        })
        .await
    }

    /// The newest block of a workflow that stands; `None`: it may be deployed. Blocks (the thread).
    pub fn current_deploy_block(&self, workflow: &str) -> Result<Option<DeployBlock>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM deploy_blocks WHERE workflow = ?1 AND lifted_at IS NULL
                 ORDER BY id DESC LIMIT 1"
            ))?;
            select.query_row([workflow], |row| Ok(read(row))).optional()?.transpose()
        })
    }

    /// Every block of a workflow, or of all workflows, lifted ones included, newest first. Blocks (the thread).
    pub fn deploy_blocks(&self, workflow: Option<&str>) -> Result<Vec<DeployBlock>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM deploy_blocks WHERE ?1 IS NULL OR workflow = ?1 ORDER BY id DESC"
            ))?;
            let mut blocks = Vec::new();
            let mut rows = select.query([workflow])?;
            while let Some(row) = rows.next()? {
                blocks.push(read(row)?);
            }
            Ok(blocks)
        })
    }

    /// Lifts every block of a workflow that stands; returns how many. Fails when there is none.
    pub async fn lift_deploy_blocks(
        &self,
        workflow: impl Into<String>,
        at: Millis,
        reason: impl Into<String>,
    ) -> Result<u32, StoreError> {
        let (workflow, reason) = (workflow.into(), reason.into());
        self.write(move |connection| {
            let lifted = connection
                .prepare_cached(
                    "UPDATE deploy_blocks SET lifted_at = ?2, lifted_reason = ?3
                     WHERE workflow = ?1 AND lifted_at IS NULL",
                )?
                .execute(params![workflow, at, reason])?;
            let what = format!("block of {workflow} that could be lifted");
            if lifted == 0 {
                return Err(Problem::NotFound { what }.into());
            }
            Ok(u32::try_from(lifted).unwrap_or(u32::MAX))
        })
        .await
    }
}

fn read(row: &Row<'_>) -> Result<DeployBlock, StoreError> {
    let id = row.get(0)?;
    let failed_gates = serde_json::from_str(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)
        .map_err(|error| StoreError::unreadable(format!("the gates of deploy block {id}"), &error))?;
    let (at, reason): (Option<Millis>, Option<String>) = (row.get(5)?, row.get(6)?);
    let block = NewDeployBlock { workflow: row.get(1)?, run: row.get(2)?, at: row.get(3)?, failed_gates };
    Ok(DeployBlock { id, block, lifted: at.zip(reason) })
}
