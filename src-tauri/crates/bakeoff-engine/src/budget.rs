//! The money of a run: what is spent, and what calls that are under way may still cost.

/// Rounding of sums must not stop a run that fits exactly.
const ROUNDING: f64 = 1e-12;

/// USD. Money is set aside before a call and settled after it, so that `spent + reserved` never passes the limit as
/// long as no call costs more than was set aside for it.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: Option<f64>,
    spent: f64,
    reserved: f64,
    /// What calls under way may cost beyond what was set aside for them.
    doubt: f64,
}

impl Budget {
    pub(crate) fn new(limit: Option<f64>, spent: f64) -> Self {
        Self { limit, spent, reserved: 0.0, doubt: 0.0 }
    }

    pub(crate) fn limit(&self) -> Option<f64> {
        self.limit
    }

    pub(crate) fn fits(&self, more: f64) -> bool {
        self.limit.is_none_or(|limit| self.spent + self.reserved + more <= limit + ROUNDING)
    }

    /// Whether `more` fits even if every call under way, and this one by `doubt`, costs more than was set aside.
    pub(crate) fn surely_fits(&self, more: f64, doubt: f64) -> bool {
        self.fits(more + self.doubt + doubt)
    }

    pub(crate) fn add_doubt(&mut self, amount: f64) {
        self.doubt += amount;
    }

    pub(crate) fn remove_doubt(&mut self, amount: f64) {
        self.doubt = (self.doubt - amount).max(0.0);
    }

    pub(crate) fn reserve(&mut self, amount: f64) {
        self.reserved += amount;
    }

    pub(crate) fn release(&mut self, amount: f64) {
        self.reserved = (self.reserved - amount).max(0.0);
    }

    pub(crate) fn spend(&mut self, amount: f64) {
        self.spent += amount;
    }
}
