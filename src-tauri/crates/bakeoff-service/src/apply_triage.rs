//! Applying from a triage test: only the prompts that are the variant's own, and into a file of the same task.

use crate::dto::{ApplyTarget, FileKind};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::variant::{self, Variant};

impl Service {
    /// The variant without the prompts that stood in for what it doesn't say itself: the topic's and the shipped ones,
    /// which belong into no variant's file. As it ran, where it was no triage test, or where it has no prompt of its own.
    pub(crate) fn with_own_prompts(&self, source: &Variant, runs: &[u32]) -> Result<Variant> {
        let as_it_ran = source.clone();
        let Some((run, campaign)) = self.newest_triage(runs)? else { return Ok(as_it_ran) };
        let Some(own) = self.own_definition(source, run, &campaign)? else { return Ok(as_it_ran) };
        if own.system_prompt.is_none() && own.prompt.is_none() {
            return Ok(as_it_ran);
        }
        Ok(Variant { system_prompt: own.system_prompt, prompt: own.prompt, ..as_it_ran })
    }

    /// The file of the baseline of a triage test, where it has one.
    pub(crate) fn triage_target(&self, runs: &[u32]) -> Result<Option<ApplyTarget>> {
        let Some((_, campaign)) = self.newest_triage(runs)? else { return Ok(None) };
        let named = Some(&campaign.baseline_variant).filter(|name| !name.is_empty());
        let Some(name) = named.or(campaign.variants.first()) else { return Ok(None) };
        let file = self.files().find(FileKind::Variant, name).map(|path| self.files().display(&path));
        Ok(file.map(|file| ApplyTarget { file, key_path: None, node: None }))
    }

    fn newest_triage(&self, runs: &[u32]) -> Result<Option<(u32, Campaign)>> {
        let Some(run) = runs.last() else { return Ok(None) };
        let campaign = self.store().definition(*run)?.campaign;
        Ok(campaign.triage.is_some().then_some((*run, campaign)))
    }

    /// The variant as its file or its campaign defined it when it ran.
    fn own_definition(&self, source: &Variant, run: u32, campaign: &Campaign) -> Result<Option<Variant>> {
        let hash = source.content_hash();
        let stored = self.store().run_variants(run)?.into_iter().find(|one| one.hash == hash);
        let Some(stored) = stored else { return Ok(None) };
        let name = &stored.variant.name;
        let mut defined = campaign.triage.iter().flat_map(|settings| &settings.variants);
        if let Some(own) = defined.find(|own| own.name == *name) {
            return Ok(Some(own.clone()));
        }
        Ok(variant::check_without_prompt(name, &stored.text).value)
    }
}
