//! Variants: the list, and older versions that runs have kept.

use crate::atomic;
use crate::dto::{FileKind, VariantRow, VariantVersion};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::stem;
use bakeoff_core::diagnostic::{Checked, Diagnostic};
use bakeoff_core::variant::{self, Variant};
use bakeoff_core::{campaign, yaml};
use std::collections::BTreeMap;
use std::path::Path;

/// Characters of a preview.
const PREVIEW: usize = 120;

impl Service {
    /// Every variant file, the broken ones included.
    pub fn list_variants(&self) -> Result<Vec<VariantRow>> {
        let used = self.variants_by_campaign()?;
        let last = self.last_success()?;
        let files = self.files().files(FileKind::Variant)?;
        Ok(files.iter().map(|path| self.variant_row(path, &used, &last)).collect())
    }

    /// Older versions of a variant, kept because runs used them; newest first.
    pub fn variant_versions(&self, name: &str) -> Result<Vec<VariantVersion>> {
        let versions = self.store().variant_versions(name)?;
        let version = |version: bakeoff_store::VariantVersion| VariantVersion {
            hash: version.hash,
            text: version.text,
            run: version.run,
            at: version.at,
        };
        Ok(versions.into_iter().map(version).collect())
    }

    fn variant_row(
        &self,
        path: &Path,
        used: &BTreeMap<String, Vec<String>>,
        last: &BTreeMap<String, (u32, bakeoff_core::analysis::Estimate)>,
    ) -> VariantRow {
        let (name, shown) = (stem(path), self.files().display(path));
        let checked: Checked<Variant> = match atomic::read_text(path) {
            Ok((text, _)) => variant::check(&name, &text),
            Err(error) => {
                let finding = Diagnostic::error("unreadable", "", error.message);
                Checked { value: None, diagnostics: vec![finding.hint(error.hint.unwrap_or_default())] }
            }
        };
        let last = last.get(&name);
        VariantRow {
            preview: checked.value.as_ref().map(preview).unwrap_or_default(),
            diagnostics: checked.diagnostics.into_iter().map(|finding| finding.in_file(&*shown)).collect(),
            variant: checked.value,
            used_in: used.get(&name).cloned().unwrap_or_default(),
            last_success: last.map(|(_, estimate)| estimate.clone()),
            last_run: last.map(|(run, _)| *run),
            modified_at: modified_at(path),
            path: shown,
            name,
        }
    }

    /// For each variant the campaign files that name it, read leniently: a broken campaign names its variants too.
    fn variants_by_campaign(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let mut used: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in self.files().files(FileKind::Campaign)? {
            let Ok((text, _)) = atomic::read_text(&path) else { continue };
            let name = stem(&path);
            let variants = match campaign::check(&name, &text).value {
                Some(campaign) => campaign.variants,
                None => named_variants(&text),
            };
            for variant in variants {
                used.entry(variant).or_default().push(name.clone());
            }
        }
        Ok(used)
    }

    /// For each variant its success rate in the newest finished run that had it.
    fn last_success(&self) -> Result<BTreeMap<String, (u32, bakeoff_core::analysis::Estimate)>> {
        let mut last = BTreeMap::new();
        for run in self.list_runs(None, 0, 100)?.rows {
            if run.state != crate::dto::RunState::Finished {
                continue;
            }
            for bar in run.bars {
                last.entry(bar.name).or_insert((run.id, bar.success_rate));
            }
        }
        Ok(last)
    }
}

fn named_variants(text: &str) -> Vec<String> {
    let value = yaml::read(text).map(|document| document.value).unwrap_or_default();
    let names = value.get("variants").and_then(|variants| variants.as_array());
    names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The first line of the prompt that has one.
fn preview(variant: &Variant) -> String {
    let texts = [&variant.system_prompt, &variant.prompt];
    let line = texts.into_iter().flatten().flat_map(|text| text.lines()).find(|line| !line.trim().is_empty());
    line.unwrap_or_default().trim().chars().take(PREVIEW).collect()
}

fn modified_at(path: &Path) -> i64 {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_millis() as i64)
}
