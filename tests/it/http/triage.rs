//! Triage tests and their queue over HTTP, with the request bodies of the system whose calls these are. The real program
//! serves, so that it also works on the queue.

use super::serve::Serving;
use crate::support::{Place, count, list, text, until};
use bakeoff_testkit::{MockServer, RecordedRequest, Reply};
use reqwest::Method;
use serde_json::{Value, json};

const TOPIC_ID: &str = "4b9c2f2e-8f0a-4a52-9a63-0d1f6a6e7c11";
pub const TESTS: &str = "/api/admin/abtests";

/// A workspace with a topic of twelve items and the keys of both providers, whose place a mock server takes.
pub struct News {
    pub place: Place,
    server: MockServer,
}

impl News {
    pub fn new(rule: impl Fn(&RecordedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let server = MockServer::with_rule(rule);
        let mut place = Place::starter();
        place.write("topics/news.yaml", format!("id: {TOPIC_ID}\nsource: {{file: datasets/news.jsonl}}\n"));
        let items = (0..12).map(|number| {
            let row = json!({
                "id": format!("n{number}"), "title": format!("News number {number}"), "body": format!("Text of {number}"),
                "url": format!("https://example.org/{number}"), "author": "somebody", "source_type": "rss",
                "source_id": format!("feed{}", number % 3), "published_at": format!("2026-11-{:02}T08:00:00Z", number + 1),
            });
            format!("{row}\n")
        });
        place.write("datasets/news.jsonl", items.collect::<String>());
        place.write_settings(&json!({"providers": {
            "openai": {"base_url": server.openai_url()}, "anthropic": {"base_url": server.url()},
        }}));
        for (name, value) in [
            ("ENABLE_ABTESTS", "true"),
            ("OPENAI_API_KEY", "sk-test-0123456789"),
            ("ANTHROPIC_API_KEY", "sk-test-0123456789"),
            ("BAKEOFF_API_TOKEN", super::support::TOKEN),
        ] {
            place.set_variable(name, value);
        }
        Self { place, server }
    }

    pub fn serve(&self) -> Serving {
        Serving::start(&self.place, &[])
    }
}

/// The body as system S2 sends it.
pub fn body() -> Value {
    json!({
        "topicId": TOPIC_ID, "windowStart": "2026-11-01T00:00:00.000Z", "windowEnd": "2026-11-13T00:00:00.000Z",
        "variants": [
            {"name": "large", "provider": "openai", "model": "gpt-5.1", "reasoningEffort": "low", "maxOutputTokens": 800},
            {"name": "small", "provider": "openai", "model": "gpt-5-mini", "reasoningEffort": null},
        ],
        "maxItems": 10,
    })
}

pub fn good_triage(score: u32) -> Reply {
    let answer = json!({
        "ai_score": score, "reason": "it matters", "is_relevant": true, "is_novel": false, "categories": ["ops"],
        "should_deep_summarize": false, "theme": "outages", "one_liner": "something broke",
    });
    Reply::text_with_tokens(answer.to_string(), 100, 20)
}

/// Waits until a test is in this state.
fn wait_for(serving: &Serving, run: &str, status: &str) -> Value {
    let mut last = Value::Null;
    until(&format!("test {run} is {status}"), || {
        last = serving.get(&format!("{TESTS}/{run}")).good(200);
        last["run"]["status"] == status
    });
    last
}

#[test]
fn a_test_is_made_listed_and_shown_as_its_own_system_does() {
    let news = News::new(|request| {
        let is_small = request.text().contains("gpt-5-mini");
        if is_small && request.text().contains("News number 3") {
            return Some(Reply::text("I can't say."));
        }
        Some(good_triage(if is_small { 40 } else { 70 }))
    });
    let serving = news.serve();
    let made = serving.post(TESTS, &body()).good(201);
    let run = text(&made, "/runId").to_owned();
    assert_eq!((run.as_str(), text(&made, "/jobId")), ("1", "run_abtest_1"));
    let shown = wait_for(&serving, &run, "completed");

    let (variants, items, results) =
        (list(&shown, "/variants"), list(&shown, "/items"), list(&shown, "/results"));
    assert_eq!((variants.len(), items.len(), results.len()), (2, 10, 20), "{shown:#}");
    assert_eq!((text(&variants[0], "/name"), count(&variants[0], "/order")), ("large", 1));
    assert_eq!(
        (text(&variants[0], "/reasoningEffort"), count(&variants[0], "/maxOutputTokens")),
        ("low", 800)
    );
    assert_eq!(
        (&variants[1]["reasoningEffort"], &variants[1]["maxOutputTokens"]),
        (&Value::Null, &Value::Null)
    );
    for item in items {
        assert!(
            text(item, "/url").starts_with("https://example.org/") && item.get("body").is_none(),
            "{item:#}"
        );
        assert!(!item.to_string().contains("Text of"), "no body is shown");
        let of_item = results.iter().filter(|result| result["abtestItemId"] == item["id"]);
        assert_eq!(of_item.count(), 2, "one result for each variant");
    }
    let large: Vec<&Value> =
        results.iter().filter(|result| result["variantId"] == variants[0]["id"]).collect();
    assert!(large.iter().all(|one| one["status"] == "ok" && one["triage"]["ai_score"] == 70.0), "{large:#?}");
    assert!(
        large.iter().all(|one| one["inputTokens"] == 100 && one["triage"]["schema_version"] == "triage_v1")
    );
    let failed: Vec<&Value> = results.iter().filter(|result| result["status"] == "error").collect();
    for one in &failed {
        assert!(one["triage"].is_null() && !text(one, "/error/message").is_empty(), "{one:#}");
        assert_eq!(one["variantId"], variants[1]["id"]);
    }
    let number_3 = items.iter().any(|item| item["title"] == "News number 3");
    assert_eq!(failed.len(), usize::from(number_3), "the answer that is no JSON");

    let listed = serving.get(TESTS).good(200);
    let row = &list(&listed, "/runs")[0];
    assert_eq!((text(row, "/id"), text(row, "/topicId")), (run.as_str(), TOPIC_ID));
    assert_eq!((count(row, "/config/maxItems"), count(row, "/config/variantCount")), (10, 2));
    assert_eq!((text(row, "/windowStart"), text(row, "/status")), ("2026-11-01T00:00:00Z", "completed"));
    assert!(row["startedAt"].is_string() && row["completedAt"].is_string(), "{row:#}");
    assert_eq!(serving.get("/admin/abtests").good(200), listed, "also without the prefix");
    let path = format!("{TESTS}/run_abtest_{run}");
    assert_eq!(serving.get(&path).good(200)["run"], shown["run"], "also by the job's id");

    let sent: Vec<Value> = news.server.requests().iter().map(RecordedRequest::json).collect();
    let effort_of = |model: &str| {
        let of: Vec<&Value> = sent.iter().filter(|one| one["model"] == model).collect();
        assert!(of.len() >= 10, "{model} was called for each item");
        of.iter()
            .map(|one| one.to_string().contains("\"effort\"") || one.get("reasoning_effort").is_some())
            .collect::<Vec<_>>()
    };
    assert!(effort_of("gpt-5.1").iter().all(|sent| *sent), "an effort is sent");
    assert!(!effort_of("gpt-5-mini").iter().any(|sent| *sent), "null sends nothing");
}

#[test]
fn what_is_wrong_with_a_test_is_named_and_nothing_is_kept() {
    let news = News::new(|_| Some(good_triage(50)));
    let serving = news.serve();
    let with = |pointer: &str, value: Value| {
        let mut changed = body();
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let place =
            changed.pointer_mut(parent).expect("its parent is there").as_object_mut().expect("an object");
        if value.is_null() {
            place.remove(field)
        } else {
            place.insert(field.to_owned(), value)
        };
        changed
    };
    let cases = [
        ("/topicId", Value::Null, "topicId"),
        ("/windowStart", json!("yesterday"), "windowStart"),
        ("/windowEnd", json!("2026-10-01T00:00:00Z"), "windowEnd"),
        ("/windowEnd", Value::Null, "windowEnd"),
        ("/variants", json!([]), "variants"),
        ("/variants", json!([body()["variants"][0].clone()]), "variants"),
        ("/variants", json!("two"), "variants"),
        ("/variants/1/model", Value::Null, "variants[1]"),
        ("/variants/1/model", json!(5), "variants[1].model"),
        ("/variants/1/model", json!(""), "variants[1].model"),
        ("/variants/1/name", json!("large"), "variants[1]"),
        ("/variants/1/provider", json!("openay"), "variants[1].provider"),
        ("/variants/0/provider", json!("claude-subscription"), "variants[0].provider"),
        ("/variants/1/provider", json!("codex-subscription"), "variants[1].provider"),
        ("/variants/1/reasoningEffort", json!("huge"), "variants[1].reasoningEffort"),
        ("/variants/1/maxOutputTokens", json!(0), "variants[1].maxOutputTokens"),
        ("/variants/1/maxOutputTokens", json!(1.5), "variants[1].maxOutputTokens"),
        ("/variants/1/maxOutputTokns", json!(5), "maxOutputTokns"),
        ("/maxItems", json!(0), "maxItems"),
        ("/maxItems", json!(-1), "maxItems"),
        ("/maxItems", json!("ten"), "maxItems"),
    ];
    for (pointer, value, named) in cases {
        let error = serving.post(TESTS, &with(pointer, value.clone())).error(400, "INVALID_PARAM");
        assert!(text(&error, "/message").contains(named), "{pointer} {value}: {named} is not in {error:#}");
    }
    let error = serving
        .post(TESTS, &with("/variants/0/provider", json!("claude-subscription")))
        .error(400, "INVALID_PARAM");
    assert!(text(&error, "/hint").contains("anthropic"), "{error:#}");
    serving.post(TESTS, &with("/topicId", json!("another"))).error(404, "NOT_FOUND");
    serving.post(TESTS, &json!([])).error(400, "INVALID_BODY");
    for (path, status, code) in [
        ("/999", 404, "NOT_FOUND"),
        ("/0", 400, "INVALID_PARAM"),
        ("/x", 400, "INVALID_PARAM"),
        ("/-1", 400, "INVALID_PARAM"),
        ("/99999999999", 400, "INVALID_PARAM"),
        ("/%ff", 400, "INVALID_PARAM"),
    ] {
        serving.get(&format!("{TESTS}{path}")).error(status, code);
    }
    assert_eq!(list(&serving.get(TESTS).good(200), "/runs").len(), 0, "nothing was kept");
    serving.post(TESTS, &with("/maxItems", json!(3.0))).good(201);
}

#[test]
fn a_provider_without_its_key_is_the_servers_lack_and_a_workspace_that_is_off_says_so() {
    let mut news = News::new(|_| Some(good_triage(50)));
    news.place.set_variable("OPENAI_API_KEY", "");
    let serving = news.serve();
    let error = serving.post(TESTS, &body()).error(500, "SERVER_CONFIG_ERROR");
    assert!(text(&error, "/hint").contains("OPENAI_API_KEY"), "{error:#}");
    drop(serving);
    news.place.set_variable("ENABLE_ABTESTS", "0");
    let serving = news.serve();
    for (method, path) in [
        (Method::GET, "/api/admin/abtests"),
        (Method::POST, "/api/admin/abtests"),
        (Method::GET, "/api/admin/abtests/1"),
        (Method::GET, "/api/admin/queue-status"),
        (Method::POST, "/api/admin/queue/pause"),
        (Method::POST, "/api/admin/queue/emergency-stop"),
        (Method::DELETE, "/api/admin/queue/job/run_abtest_1"),
    ] {
        let error = serving.send(method, path).error(403, "FEATURE_DISABLED");
        assert!(text(&error, "/hint").contains("ENABLE_ABTESTS=true"), "{error:#}");
    }
    serving.get("/optimization/experiments.json").good(200);
}

#[test]
fn the_queue_is_paused_emptied_and_stopped() {
    let news = News::new(|_| Some(good_triage(50)));
    let serving = news.serve();
    let queue = |action: &str| serving.send(Method::POST, &format!("/api/admin/queue/{action}")).good(200);
    let status = || serving.get("/api/admin/queue-status").good(200);
    assert_eq!((&status()["isPaused"], &status()["emergencyStop"]), (&json!(false), &json!(false)));
    assert_eq!(queue("pause")["isPaused"], true);
    for number in 1..=4 {
        assert_eq!(text(&serving.post(TESTS, &body()).good(201), "/runId"), number.to_string());
    }
    let waiting = status();
    let jobs: Vec<&str> = list(&waiting, "/waiting").iter().map(|job| text(job, "/jobId")).collect();
    assert_eq!(jobs, ["run_abtest_1", "run_abtest_2", "run_abtest_3", "run_abtest_4"]);
    assert_eq!((count(&waiting, "/counts/waiting"), count(&waiting, "/counts/active")), (4, 0));
    assert_eq!(text(&waiting, "/waiting/0/runId"), "1");

    let dropped = serving.send(Method::DELETE, "/api/admin/queue/job/run_abtest_2").good(200);
    assert_eq!((count(&dropped, "/counts/waiting"), count(&dropped, "/counts/cancelled")), (3, 1));
    serving.send(Method::DELETE, "/admin/queue/job/77").error(404, "NOT_FOUND");
    serving.send(Method::DELETE, "/admin/queue/job/run_abtest_").error(400, "INVALID_PARAM");
    assert_eq!(text(&serving.get("/admin/abtests/2").good(200), "/run/status"), "cancelled");

    assert_eq!(queue("drain")["counts"]["waiting"], 0);
    assert_eq!(queue("emergency-stop")["emergencyStop"], true);
    queue("resume");
    let run = text(&serving.post(TESTS, &body()).good(201), "/runId").to_owned();
    assert_eq!(news.server.count(), 0, "nothing was called so far");
    assert_eq!(queue("clear-emergency-stop")["emergencyStop"], false);
    wait_for(&serving, &run, "completed");
    assert_eq!(count(&status(), "/counts/completed"), 1);
}

#[test]
fn obliterate_stops_what_runs_too() {
    // Nothing is ever answered.
    let news = News::new(|_| Some(Reply::Hang));
    let serving = news.serve();
    let first = text(&serving.post(TESTS, &body()).good(201), "/runId").to_owned();
    let second = text(&serving.post(TESTS, &body()).good(201), "/runId").to_owned();
    wait_for(&serving, &first, "running");
    until("the first call is out", || news.server.count() > 0);
    serving.send(Method::POST, "/api/admin/queue/obliterate").good(200);
    wait_for(&serving, &first, "cancelled");
    wait_for(&serving, &second, "cancelled");
    let status = serving.get("/api/admin/queue-status").good(200);
    assert_eq!((list(&status, "/active").len(), list(&status, "/waiting").len()), (0, 0), "{status:#}");
}
