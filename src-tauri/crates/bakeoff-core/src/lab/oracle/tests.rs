use super::*;
use crate::lab::{DataCheck, EntryProbe, LayerState, MemberState, OracleVerdict};
use crate::subject::{MonitorRules, ProbeKind, ServiceLevel, SubjectKind, SubjectNode, Timing};
use serde_json::Map;

/// Milliseconds between two samples.
const STEP: Millis = 250;

fn subject() -> Subject {
    Subject {
        name: "embedded".to_owned(),
        description: None,
        kind: SubjectKind::Embedded,
        probe: ProbeKind::Ledger,
        nodes: ["n1", "n2", "n3"]
            .map(|name| SubjectNode { name: name.to_owned(), port: None, volume: None })
            .to_vec(),
        compose: None,
        services: Map::new(),
        tools_image: None,
        disk_mb: 32,
        service_level: ServiceLevel { latency_ms: 250.0, error_rate: 0.05 },
        monitor: MonitorRules {
            interval_seconds: 1.0,
            latency_ms: 100.0,
            latency_for_seconds: 2.0,
            disk_percent: 70.0,
        },
        timing: Timing {
            boot_seconds: 20.0,
            warm_up_seconds: 3.0,
            hold_seconds: 3.0,
            sample_seconds: 0.25,
            land_seconds: 5.0,
            revert_seconds: 15.0,
        },
        faults: Vec::new(),
    }
}

fn good(at: Millis) -> HealthSample {
    let names = ["n1", "n2", "n3"];
    let entry = |node: &str| EntryProbe {
        node: node.to_owned(),
        write_ok: true,
        read_ok: true,
        latency_ms: 10.0,
        error: None,
    };
    let member = |node: &str| MemberState {
        node: node.to_owned(),
        healthy: true,
        leader: node == "n1",
        term: Some(3),
        applied: Some(at as u64),
        disk_percent: Some(5.0),
        error: None,
    };
    HealthSample { at, entries: names.map(entry).to_vec(), members: names.map(member).to_vec() }
}

/// Node n2 does not answer.
fn down(at: Millis) -> HealthSample {
    let mut sample = good(at);
    sample.entries[1].write_ok = false;
    sample.entries[1].error = Some("connection refused".to_owned());
    sample.members[1].healthy = false;
    sample
}

fn state() -> ClusterState {
    let settings = [("version".to_owned(), "1".into())].into_iter().collect();
    ClusterState {
        members: ["n1", "n2", "n3"].map(str::to_owned).to_vec(),
        settings,
        records: Some(40),
        raw: Map::new(),
    }
}

/// Watches `from..until` with one kind of sample.
fn watch(oracle: &mut Oracle, from: Millis, until: Millis, sample: fn(Millis) -> HealthSample) {
    (from..until).step_by(STEP as usize).for_each(|at| oracle.add(sample(at)));
}

/// Warmed up until 3 s, the fault landed at 3.1 s.
fn faulted() -> Oracle {
    let mut oracle = Oracle::new(&subject());
    watch(&mut oracle, 0, 3_000, good);
    oracle.begin(state()).unwrap();
    oracle.landed(3_100);
    oracle
}

fn judge(oracle: &Oracle, at: Millis) -> OracleVerdict {
    let data = DataCheck { acknowledged: 90, ..DataCheck::default() };
    let presence = Presence::Absent("n2 answers".to_owned());
    oracle.judge(&Evidence { at, data: &data, presence: &presence, state: Ok(&state()) })
}

#[test]
fn restoration_is_dated_back_to_the_window_that_held() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_000, 8_000, down);
    assert_eq!(oracle.onset(), Some(3_250), "the sample at 3.0 s was before the fault landed");
    watch(&mut oracle, 8_000, 11_000, good);
    assert_eq!(oracle.restored_at(), None, "2.75 s are not 3 s");
    watch(&mut oracle, 11_000, 11_250, good);
    assert_eq!(oracle.restored_at(), Some(8_000));
    assert_eq!(oracle.service_restored_at(), Some(8_000));
    assert!(judge(&oracle, 11_000).passed());
}

#[test]
fn a_system_that_breaks_again_is_not_restored() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 5_000, down);
    watch(&mut oracle, 5_000, 9_000, good);
    assert_eq!(oracle.restored_at(), Some(5_000));
    watch(&mut oracle, 9_000, 10_000, down);
    assert_eq!(oracle.restored_at(), None);
    watch(&mut oracle, 10_000, 14_000, good);
    assert_eq!(oracle.restored_at(), Some(10_000));
}

#[test]
fn one_failed_write_in_a_full_window_is_allowed_and_a_gap_is_not() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 5_000, down);
    watch(&mut oracle, 5_000, 8_250, good);
    let mut blip = good(8_250);
    blip.entries[2].read_ok = false;
    oracle.add(blip);
    assert_eq!(oracle.restored_at(), Some(5_000), "1 of 39 is within 5 %");
    oracle.add(good(10_000));
    assert_eq!(oracle.restored_at(), None, "nobody knows what was in 1.75 s without a sample");
}

#[test]
fn slow_is_three_times_the_normal_and_at_least_the_level() {
    let mut oracle = faulted();
    assert_eq!(oracle.latency_bound_ms(), 250.0);
    watch(&mut oracle, 3_250, 8_000, |at| {
        let mut sample = good(at);
        sample.entries.iter_mut().for_each(|entry| entry.latency_ms = 260.0);
        sample
    });
    assert_eq!(oracle.onset(), Some(3_250));
    assert_eq!(oracle.restored_at(), None);
    let service = judge(&oracle, 8_000).service;
    assert_eq!(
        (service.state, service.reason.as_str()),
        (LayerState::Fail, "p99 is 260 ms, 250 ms are allowed")
    );

    let mut slow = Oracle::new(&subject());
    watch(&mut slow, 0, 3_000, |at| {
        let mut sample = good(at);
        sample.entries.iter_mut().for_each(|entry| entry.latency_ms = 100.0);
        sample
    });
    slow.begin(state()).unwrap();
    assert_eq!(slow.latency_bound_ms(), 300.0);
}

#[test]
fn a_fault_that_does_not_hurt_is_restored_only_when_it_is_gone() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 8_000, good);
    assert_eq!(oracle.onset(), None);
    assert_eq!(oracle.restored_at(), Some(3_250), "as far as samples tell");
    oracle.cause(7_900, &Presence::Present("a file".to_owned()));
    assert_eq!(oracle.restored_at(), None);
    oracle.cause(8_100, &Presence::Absent(String::new()));
    watch(&mut oracle, 8_000, 11_250, good);
    assert_eq!(oracle.restored_at(), Some(8_000));
}

#[test]
fn samples_before_the_word_of_the_landing_count() {
    let mut oracle = Oracle::new(&subject());
    watch(&mut oracle, 0, 3_000, good);
    oracle.begin(state()).unwrap();
    watch(&mut oracle, 3_000, 4_000, down);
    oracle.landed(3_100);
    assert_eq!(oracle.onset(), Some(3_250));
}

#[test]
fn without_a_good_beginning_there_is_no_trial() {
    let mut oracle = Oracle::new(&subject());
    assert_eq!(oracle.begin(state()), Err(OracleError::NoSamples));
    oracle.add(good(0));
    assert_eq!(oracle.begin(ClusterState::default()), Err(OracleError::EmptySnapshot));
    oracle.add(down(250));
    let error = oracle.begin(state()).unwrap_err().to_string();
    assert_eq!(error, "the system was not healthy before the fault: through n2: connection refused");
    oracle.add(good(500));
    assert_eq!(oracle.begin(state()), Ok(()));
}

/// What redundancy says of a last second of samples changed so.
fn redundancy(change: fn(&mut HealthSample)) -> (LayerState, String) {
    let mut oracle = faulted();
    for at in (3_250..8_000).step_by(STEP as usize) {
        let mut sample = good(at);
        change(&mut sample);
        oracle.add(sample);
    }
    let layer = judge(&oracle, 8_000).redundancy;
    (layer.state, layer.reason)
}

#[test]
fn redundancy_wants_every_member_agreed_and_caught_up() {
    let fail = |reason: &str| (LayerState::Fail, reason.to_owned());
    let pass = (LayerState::Pass, "all 3 members are there, healthy and agreed".to_owned());
    assert_eq!(redundancy(|_| ()), pass);
    assert_eq!(redundancy(|sample| drop(sample.members.remove(2))), fail("n3 is missing"));
    assert_eq!(redundancy(|sample| sample.members[0].leader = false), fail("nobody leads"));
    let two = redundancy(|sample| sample.members[1].leader = true);
    assert_eq!(two, fail("n1, n2 all say that they lead"));
    let term = redundancy(|sample| sample.members[2].term = Some(2));
    assert_eq!(term, fail("n3 is in term 2, others in 3"));
    let behind = redundancy(|sample| sample.members[2].applied = Some(sample.at as u64 - 65));
    assert_eq!(behind, fail("n3 is 65 entries behind"));
    assert_eq!(redundancy(|sample| sample.members[2].applied = Some(sample.at as u64 - 64)), pass);
    let full = redundancy(|sample| sample.members[2].disk_percent = Some(80.0));
    assert_eq!(full, fail("the volume of n3 is 80 % full"));
    assert_eq!(redundancy(|sample| sample.members.clear()).0, LayerState::Unknown);
}

#[test]
fn integrity_and_cause_are_judged_by_what_is_there() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 8_000, good);
    let all = DataCheck { acknowledged: 90, ..DataCheck::default() };
    let absent = Presence::Absent("n2 answers".to_owned());
    let judge = |data: &DataCheck, presence: &Presence, state: Result<&ClusterState, &str>| {
        let verdict = oracle.judge(&Evidence { at: 8_000, data, presence, state });
        assert_eq!(verdict.service.state, LayerState::Pass, "layers are independent");
        (verdict.integrity, verdict.cause)
    };
    let integrity = |data: DataCheck| judge(&data, &absent, Ok(&state())).0;
    assert_eq!(integrity(all.clone()).state, LayerState::Pass);
    assert_eq!(integrity(DataCheck { missing: 1, ..all.clone() }).state, LayerState::Fail);
    assert_eq!(integrity(DataCheck { wrong: 1, ..all.clone() }).state, LayerState::Fail);
    assert_eq!(integrity(DataCheck::default()).state, LayerState::Unknown, "nothing was acknowledged");
    let unread = DataCheck { error: Some("no node answers".to_owned()), ..all.clone() };
    assert_eq!(integrity(unread).state, LayerState::Unknown);

    let cause = |presence: Presence, state: Result<&ClusterState, &str>| judge(&all, &presence, state).1;
    assert_eq!(cause(absent.clone(), Ok(&state())).state, LayerState::Pass);
    assert_eq!(cause(Presence::Present(String::new()), Ok(&state())).state, LayerState::Fail);
    assert_eq!(cause(Presence::Unknown("no probe".to_owned()), Ok(&state())).state, LayerState::Unknown);
    assert_eq!(cause(absent.clone(), Err("no answer")).state, LayerState::Unknown);
    let changed = |change: fn(&mut ClusterState)| {
        let mut state = state();
        change(&mut state);
        cause(Presence::Unknown(String::new()), Ok(&state))
    };
    let lost = changed(|state| drop(state.members.remove(1)));
    assert_eq!((lost.state, lost.reason.as_str()), (LayerState::Fail, "n2 is no longer a member"));
    assert_eq!(changed(|state| state.members.push("n4".to_owned())).state, LayerState::Fail);
    let settings = changed(|state| drop(state.settings.insert("version".to_owned(), "2".into())));
    assert_eq!(settings.reason, "version is not as before the fault");
    assert_eq!(changed(|state| state.settings.clear()).state, LayerState::Fail);
    assert_eq!(changed(|state| state.records = Some(39)).reason, "39 records are left of 40");
    assert_eq!(changed(|state| state.records = Some(41)).state, LayerState::Unknown, "probes only add");
}

#[test]
fn too_few_samples_are_unknown() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 4_250, good);
    let verdict = judge(&oracle, 9_000);
    assert_eq!(verdict.service.state, LayerState::Unknown);
    assert_eq!(verdict.redundancy.state, LayerState::Unknown);
    assert!(!verdict.passed());
    let mut blind = faulted();
    watch(&mut blind, 3_250, 8_000, |at| HealthSample { at, entries: Vec::new(), members: Vec::new() });
    assert_eq!(judge(&blind, 8_000).service.state, LayerState::Unknown);
    assert_eq!(blind.restored_at(), None);
}

#[test]
fn a_command_after_which_more_fails_was_destructive() {
    let mut oracle = faulted();
    watch(&mut oracle, 3_250, 6_000, good);
    watch(&mut oracle, 6_000, 8_000, down);
    watch(&mut oracle, 8_000, 20_000, good);
    assert_eq!(oracle.destructive_effects(&[(5_900, 5_950)]), 1);
    assert_eq!(oracle.destructive_effects(&[(6_100, 6_200)]), 0, "it was as bad before");
    assert_eq!(oracle.destructive_effects(&[(9_000, 9_100)]), 0);
    assert_eq!(oracle.destructive_effects(&[(4_000, 4_100), (5_900, 6_000)]), 1, "only the nearest");
    assert_eq!(oracle.destructive_effects(&[(500, 800)]), 0, "more than 5 s before");
}

#[test]
fn a_system_through_which_nothing_is_written_is_judged_by_its_members() {
    let subject = Subject { probe: ProbeKind::Pd, ..subject() };
    let mute = |at: Millis, broken: bool| {
        let mut sample = HealthSample { entries: Vec::new(), ..good(at) };
        if broken {
            sample.members[1].healthy = false;
        }
        sample
    };
    let mut oracle = Oracle::new(&subject);
    oracle.add(mute(0, false));
    let state = ClusterState { members: vec!["n1".to_owned()], ..ClusterState::default() };
    oracle.begin(state.clone()).expect("nothing has to be written");
    oracle.landed(250);
    for step in 2..60 {
        oracle.add(mute(step * STEP, step < 20));
    }
    let at = 59 * STEP;
    assert_eq!(oracle.onset(), Some(500), "a member that is not well is a symptom");
    assert_eq!((oracle.restored_at(), oracle.service_restored_at()), (Some(20 * STEP), Some(20 * STEP)));
    let judge = |data: &DataCheck| {
        let presence = Presence::Absent("it runs".to_owned());
        oracle.judge(&Evidence { at, data, presence: &presence, state: Ok(&state) })
    };
    let told =
        DataCheck { reported: Some("all 9 regions have their copies".to_owned()), ..DataCheck::default() };
    let verdict = judge(&told);
    assert!(verdict.passed(), "{verdict:?}");
    for layer in [&verdict.service, &verdict.integrity] {
        assert!(layer.reason.contains("not a write test"), "{layer:?}");
    }
    assert_eq!(judge(&DataCheck { missing: 2, ..told.clone() }).integrity.state, LayerState::Fail);
    let unasked = DataCheck { error: Some("no answer".to_owned()), ..told };
    assert_eq!(judge(&unasked).integrity.state, LayerState::Unknown, "what can't be asked never passes");

    // The same samples of a system that is written to show nothing.
    let mut written = Oracle::new(&Subject { probe: ProbeKind::Etcd, ..subject });
    written.add(mute(0, false));
    assert!(matches!(written.begin(state.clone()), Err(OracleError::NotHealthy(_))));
}
