//! Who may call: the token, the host, the origin.

use super::support::{Api, TOKEN};
use reqwest::Method;

const LIST: &str = "/optimization/experiments.json";

#[test]
fn the_token_opens_by_either_header_and_nothing_else_does() {
    let api = Api::starter();
    let bare = || api.bare(Method::GET, LIST);
    api.send(bare().bearer_auth(TOKEN)).good(200);
    api.send(bare().header("X-API-Key", TOKEN)).good(200);
    api.send(bare().header("Authorization", format!("bearer {TOKEN}"))).good(200);
    api.send(bare().bearer_auth(TOKEN).header("X-API-Key", TOKEN)).good(200);

    for missing in [bare(), bare().header("Authorization", format!("Basic {TOKEN}"))] {
        let answer = api.send(missing);
        answer.error(401, "MISSING_API_KEY");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    api.send(api.bare(Method::GET, &format!("{LIST}?token={TOKEN}"))).error(401, "MISSING_API_KEY");
    for wrong in ["", "x", "the-token-of-the-test", "the-token-of-the-tests2", "THE-TOKEN-OF-THE-TESTS"] {
        api.send(bare().bearer_auth(wrong)).error(401, "INVALID_API_KEY");
        api.send(bare().header("X-API-Key", wrong)).error(401, "INVALID_API_KEY");
    }
    let mixed = bare().bearer_auth(TOKEN).header("X-API-Key", "another-token-of-tests");
    api.send(mixed).error(401, "INVALID_API_KEY");
}

#[test]
fn the_sign_of_life_and_the_documentation_need_no_token_and_load_nothing_from_elsewhere() {
    let api = Api::starter();
    for path in ["/health", "/api/health"] {
        let health = api.send(api.bare(Method::GET, path)).good(200);
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    }
    let page = api.send(api.bare(Method::GET, "/api/docs"));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text.contains("/optimization/apply") && page.text.contains("/api/events"), "{}", page.text);
    let policy = page.header("content-security-policy").expect("the page has a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let style = api.send(api.bare(Method::GET, "/api/docs/style.css"));
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    let document = api.send(api.bare(Method::GET, "/api/openapi.json"));
    assert_eq!(document.status, 200);
    let document: serde_json::Value = serde_json::from_str(&document.text).expect("it is JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{document:#}");
    // What is beside the open paths is not open.
    for path in ["/", "/api", "/healthy", "/health/", "/docs/other", "/api/api/health", "//health"] {
        api.send(api.bare(Method::GET, path)).error(401, "MISSING_API_KEY");
    }
}

#[test]
fn every_path_works_with_and_without_the_prefix_and_unknown_ones_are_answered_in_the_envelope() {
    let api = Api::starter();
    for path in [LIST, "/api/optimization/experiments.json", "/optimization/experiments"] {
        api.get(path).good(200);
    }
    for path in
        ["/", "/api", "/api/none", "/optimization", "/admin", "/api/api/health", "/..%2f..%2fetc/passwd"]
    {
        api.get(path).error(404, "NOT_FOUND");
    }
    for (method, path) in
        [(Method::POST, LIST), (Method::DELETE, "/health"), (Method::GET, "/optimization/apply")]
    {
        let answer = api.send(api.request(method, path));
        answer.error(405, "METHOD_NOT_ALLOWED");
        assert!(answer.header("allow").is_some(), "{path} says what is allowed");
    }
}

#[test]
fn another_host_and_pages_of_other_origins_are_refused_even_with_the_token() {
    let api = Api::starter();
    let port = api.address().port();
    let status = |host: &str, more: &str| {
        let answer = api.raw(&format!(
            "GET {LIST} HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {TOKEN}\r\nConnection: close\r\n{more}\r\n"
        ));
        answer.split(' ').nth(1).map(str::to_owned).unwrap_or_default()
            + if answer.contains("FORBIDDEN") { " F" } else { "" }
    };
    for good in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        assert_eq!(status(&good, ""), "200", "{good}");
        assert_eq!(status(&good, &format!("Origin: http://{good}\r\n")), "200", "a page of its own");
    }
    for bad in [format!("evil.example:{port}"), "127.0.0.1".to_owned(), "localhost".to_owned(), String::new()]
    {
        assert_eq!(status(&bad, ""), "403 F", "{bad:?}");
    }
    let own = format!("127.0.0.1:{port}");
    for origin in
        ["http://evil.example", "null", "https://127.0.0.1", &format!("http://127.0.0.1:{}", port ^ 1)]
    {
        assert_eq!(status(&own, &format!("Origin: {origin}\r\n")), "403 F", "{origin}");
    }
    assert_eq!(status(&own, &format!("Host: evil.example:{port}\r\n")), "403 F", "two hosts are none");
    let absolute = api.raw(&format!(
        "GET http://evil.example{LIST} HTTP/1.1\r\nHost: {own}\r\nX-API-Key: {TOKEN}\r\nConnection: close\r\n\r\n"
    ));
    assert!(absolute.starts_with("HTTP/1.1 403"), "{absolute}");
    let none = api.raw(&format!("GET {LIST} HTTP/1.0\r\nX-API-Key: {TOKEN}\r\n\r\n"));
    assert!(none.contains(" 403 ") && none.contains("FORBIDDEN"), "{none}");
}

#[test]
fn no_page_is_ever_told_that_it_may_read_an_answer() {
    let api = Api::starter();
    let asked = |method: Method, origin: &str| {
        let request = api.request(method, LIST).header("Origin", origin);
        api.send(request.header("Access-Control-Request-Method", "POST"))
    };
    let own = format!("http://{}", api.address());
    let answers = [
        asked(Method::OPTIONS, "http://evil.example"),
        asked(Method::OPTIONS, &own),
        asked(Method::GET, &own),
    ];
    for answer in answers {
        let names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
        assert!(!names.iter().any(|name| name.starts_with("access-control-")), "{names:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}
