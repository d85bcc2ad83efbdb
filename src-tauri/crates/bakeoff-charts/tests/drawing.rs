//! What comes out of the charts crate, for every kind of chart.

use bakeoff_charts::{draw, png};
use bakeoff_core::analysis::SurvivalStep;
use bakeoff_core::chart::{
    ChartBody, ChartSpec, ChartTheme, EcdfSeries, PointWithInterval, Scale, SeriesHead, StackedBar,
    SurvivalSeries,
};
use bakeoff_core::metric::Metric;
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::Document;

const THEMES: [ChartTheme; 2] = [ChartTheme::Light, ChartTheme::Dark];
const SIZES: [(u32, u32); 4] = [(320, 200), (480, 280), (900, 560), (1600, 900)];
const NAMES: [&str; 8] = [
    "default",
    "a<b>&\"c\" 'd'",
    "日本語の変種",
    "emoji 🙂🎂",
    "a-very-long-variant-name-that-nobody-should-have-chosen-but-somebody-has",
    "line\nbreak\tand\u{0}control",
    "terse",
    "last",
];

fn spec(metric: Metric, scale: Scale, body: ChartBody) -> ChartSpec {
    ChartSpec {
        title: "Heading of the chart".into(),
        subtitle: "what it shows".into(),
        description: "In words <with> & numbers.".into(),
        metric,
        axis: "Axis".into(),
        unit_interval: metric == Metric::SuccessRate,
        scale,
        baseline: Some(0),
        body,
    }
}

fn head(index: usize) -> SeriesHead {
    SeriesHead { name: NAMES[index].into(), colour: index as u16 }
}

fn points(variants: usize, size: f64) -> Vec<PointWithInterval> {
    let point = |index: usize| PointWithInterval {
        series: head(index),
        value: (index != 1).then_some(size * (1.0 + index as f64) / 10.0),
        low: Some(size * (0.5 + index as f64) / 10.0).filter(|_| index.is_multiple_of(3)),
        high: Some(size * (1.5 + index as f64) / 10.0).filter(|_| index != 1),
        n: 120,
        note: (index == 1).then(|| "the price is not known".into()),
        ticks: vec![("p50".into(), size * 0.3), ("p95".into(), size * 0.9)],
    };
    (0..variants).map(point).collect()
}

/// Four trials of each variant; one of each is not restored.
fn survival(variants: usize) -> Vec<SurvivalSeries> {
    let step = |at_s: f64, unrestored: f64, at_risk: u32| SurvivalStep {
        at_s,
        unrestored,
        low: Some(unrestored * 0.4),
        high: Some((unrestored * 1.5).min(1.0)),
        at_risk,
        restored: 1,
    };
    (0..variants)
        .map(|index| {
            let later = index as f64;
            SurvivalSeries {
                series: head(index),
                n: 4,
                steps: vec![
                    step(2.0 + later, 0.75, 4),
                    step(4.0 + later, 0.5, 3),
                    step(6.5 + later, 0.25, 2),
                ],
                censored: vec![15.0],
            }
        })
        .collect()
}

/// Charts of every kind with so many variants; 0 variants are charts without data.
fn specs(variants: usize) -> Vec<ChartSpec> {
    let curve = |index: usize| EcdfSeries {
        series: head(index),
        values: (0..200).map(|i| 100.0 + f64::from(i * i) * (1.0 + index as f64)).collect(),
        percentiles: vec![("p50".into(), 10_000.0), ("p95".into(), 36_000.0), ("p99".into(), 39_000.0)],
    };
    let bar = |index: usize| StackedBar {
        series: head(index),
        parts: if index == 1 { vec![] } else { vec![("input".into(), 310.0), ("output".into(), 12.5)] },
        n: 120,
        note: (index == 1).then(|| "the provider gave no counts".into()),
    };
    let curves = || (0..variants).map(curve).collect::<Vec<_>>();
    vec![
        spec(Metric::SuccessRate, Scale::Linear, ChartBody::Intervals(points(variants, 1.0))),
        spec(Metric::LatencyMs, Scale::Logarithmic, ChartBody::Intervals(points(variants, 9_000.0))),
        spec(Metric::CostUsd, Scale::Linear, ChartBody::Intervals(points(variants, 0.000_01))),
        spec(Metric::LatencyMs, Scale::Linear, ChartBody::Ecdf(curves())),
        spec(Metric::LatencyMs, Scale::Logarithmic, ChartBody::Ecdf(curves())),
        spec(Metric::TotalTokens, Scale::Linear, ChartBody::Stacked((0..variants).map(bar).collect())),
        spec(Metric::RestoreS, Scale::Linear, ChartBody::Survival(survival(variants))),
    ]
}

/// All numbers of coordinates in the SVG.
fn coordinates<'a>(document: &'a Document<'a>) -> impl Iterator<Item = f64> + 'a {
    const NAMES: [&str; 12] =
        ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points"];
    let attributes = document.descendants().flat_map(|node| node.attributes());
    attributes
        .filter(|attribute| NAMES.contains(&attribute.name()))
        .flat_map(|attribute| attribute.value().split([',', ' ']).filter(|part| !part.is_empty()))
        .map(|number| number.parse().unwrap_or(f64::NAN))
}

#[test]
fn every_chart_is_well_formed_and_stays_on_its_sheet() {
    for variants in [0, 1, 3, 8] {
        for spec in specs(variants) {
            for (width, height) in SIZES {
                let drawn = draw(&spec, ChartTheme::Light, width, height).unwrap();
                let document = Document::parse(&drawn.svg).unwrap();
                let fine = f64::from(width.max(height)) * 10.0;
                let strays: Vec<f64> =
                    coordinates(&document).filter(|number| !(0.0..=fine).contains(number)).collect();
                assert!(strays.is_empty(), "{:?} {width}×{height}: {strays:?}", spec.metric);
                for mark in &drawn.marks {
                    let inside =
                        (0.0..=drawn.width).contains(&mark.x) && (0.0..=drawn.height).contains(&mark.y);
                    assert!(inside, "{mark:?} is outside of {width}×{height}");
                }
            }
        }
    }
}

#[test]
fn nothing_in_the_svg_needs_a_wider_content_security_policy() {
    for theme in THEMES {
        for spec in specs(8) {
            let drawn = draw(&spec, theme, 640, 360).unwrap();
            let document = Document::parse(&drawn.svg).unwrap();
            for node in document.descendants() {
                assert!(!["style", "script", "image", "use"].contains(&node.tag_name().name()), "{node:?}");
                let names: Vec<&str> = node.attributes().map(|attribute| attribute.name()).collect();
                let forbidden = |name: &&str| *name == "style" || *name == "href" || name.starts_with("on");
                assert!(!names.iter().any(forbidden), "{names:?}");
            }
        }
    }
}

#[test]
fn a_reader_who_can_not_see_the_chart_gets_title_and_description() {
    let specs = specs(2);
    let drawn = draw(&specs[0], ChartTheme::Dark, 640, 360).unwrap();
    let document = Document::parse(&drawn.svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let texts: Vec<Option<&str>> = root
        .attribute("aria-labelledby")
        .unwrap()
        .split(' ')
        .map(|id| {
            document.descendants().find(|node| node.attribute("id") == Some(id)).and_then(|node| node.text())
        })
        .collect();
    assert_eq!(texts, [Some("Heading of the chart"), Some("In words <with> & numbers.")]);
}

#[test]
fn several_charts_can_stand_in_one_page() {
    let svgs =
        specs(3).into_iter().flat_map(|spec| THEMES.map(|theme| draw(&spec, theme, 640, 360).unwrap().svg));
    let page = format!("<page>{}</page>", svgs.collect::<String>());
    let document = Document::parse(&page).unwrap();
    let mut ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), all), (28, 28), "each of 14 charts has a title and a description of its own");
}

#[test]
fn the_whole_name_of_every_variant_is_in_the_svg() {
    for spec in specs(8) {
        let drawn = draw(&spec, ChartTheme::Light, 320, 260).unwrap();
        let document = Document::parse(&drawn.svg).unwrap();
        let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
        for name in NAMES {
            let clean = name.replace(['\n', '\t'], " ").replace('\u{0}', "\u{fffd}");
            assert!(texts.iter().any(|text| text.contains(&clean)), "{name:?} is missing");
        }
        for series in 0..8 {
            assert!(drawn.marks.iter().any(|mark| mark.series == series), "series {series} has no mark");
        }
    }
}

#[test]
fn what_is_unknown_shows_a_dash_and_why() {
    let drawn = draw(&specs(3)[2], ChartTheme::Light, 640, 360).unwrap();
    assert!(drawn.svg.contains("—") && drawn.svg.contains("the price is not known"));
    let unknown = drawn.marks.iter().find(|mark| mark.series == 1).unwrap();
    assert_eq!(unknown.text, "a<b>&\"c\" 'd': —, n = 120 (the price is not known)");
}

#[test]
fn a_mark_says_value_interval_and_n() {
    let point = PointWithInterval {
        series: SeriesHead { name: "careful".into(), colour: 0 },
        value: Some(0.9167),
        low: Some(0.852),
        high: Some(0.955),
        n: 120,
        note: None,
        ticks: Vec::new(),
    };
    let spec = spec(Metric::SuccessRate, Scale::Linear, ChartBody::Intervals(vec![point]));
    let drawn = draw(&spec, ChartTheme::Light, 640, 360).unwrap();
    let text = drawn.marks[0].text.replace('\u{202f}', " ");
    assert_eq!(text, "careful: 91.7 % [85.2 %, 95.5 %], n = 120");
}

#[test]
fn without_data_the_chart_says_so() {
    for spec in specs(0) {
        let drawn = draw(&spec, ChartTheme::Light, 480, 280).unwrap();
        assert!(drawn.svg.contains("No data yet") && drawn.marks.is_empty());
    }
}

#[test]
fn more_variants_than_fit_are_counted() {
    let mut many = points(8, 1.0);
    for _ in 0..4 {
        many.extend(points(8, 1.0));
    }
    let spec = spec(Metric::SuccessRate, Scale::Linear, ChartBody::Intervals(many));
    let drawn = draw(&spec, ChartTheme::Light, 320, 200).unwrap();
    assert!(drawn.svg.contains(" more\n"), "40 rows can't be read in 200 pixels");
}

/// Pixels of a box (in pixels of the chart) that are much darker than the page.
fn dark_pixels(svg: &str, (left, top): (u32, u32), (right, bottom): (u32, u32)) -> usize {
    let bytes = png(svg, 480, 280, 2.0, ChartTheme::Light).expect("a chart becomes a PNG");
    let picture = Pixmap::decode_png(&bytes).expect("the PNG can be read back");
    assert_eq!((picture.width(), picture.height()), (960, 560));
    let places = (top * 2..bottom * 2).flat_map(|y| (left * 2..right * 2).map(move |x| (x, y)));
    places.filter_map(|(x, y)| picture.pixel(x, y)).filter(|pixel| pixel.red() < 100).count()
}

#[test]
fn texts_are_in_the_png() {
    let mut spec = specs(1).remove(0);
    let title = ((8, 4), (240, 24));
    let with = dark_pixels(&draw(&spec, ChartTheme::Light, 480, 280).unwrap().svg, title.0, title.1);
    assert!(with > 300, "the title has only {with} dark pixels");
    spec.title.clear();
    let without = dark_pixels(&draw(&spec, ChartTheme::Light, 480, 280).unwrap().svg, title.0, title.1);
    assert_eq!(without, 0, "the box holds nothing but the title");
    spec.title = "Überschrift, Ελληνικά, русский".into();
    let foreign = dark_pixels(&draw(&spec, ChartTheme::Light, 480, 280).unwrap().svg, title.0, title.1);
    assert!(foreign > 300, "the bundled font has Latin, Greek and Cyrillic letters; {foreign} dark pixels");
    spec.title = "Heading 日本語".into();
    let mixed = dark_pixels(&draw(&spec, ChartTheme::Light, 480, 280).unwrap().svg, title.0, title.1);
    assert!(mixed > 150, "a letter that the bundled font lacks must not take the others with it; {mixed}");
}

#[test]
fn impossible_sizes_are_refused_in_words() {
    let spec = specs(1).remove(0);
    let error = draw(&spec, ChartTheme::Light, 10, 10).unwrap_err().to_string();
    assert!(error.contains("10 × 10") && error.contains("160 × 120"), "{error}");
    let svg = draw(&spec, ChartTheme::Light, 640, 360).unwrap().svg;
    assert!(png(&svg, 640, 360, 0.0, ChartTheme::Light).is_err(), "an empty picture");
    assert!(png(&svg, 640, 360, 1000.0, ChartTheme::Light).is_err(), "a picture of 640,000 pixels a side");
    assert!(png("<svg", 640, 360, 1.0, ChartTheme::Light).is_err(), "no SVG");
}

#[test]
fn a_timeline_is_drawn_with_its_lanes_commands_and_moments() {
    use bakeoff_charts::draw_timeline;
    use bakeoff_core::chart::{Health, Moment, NodeLane, TimelineCommand, TimelineSpec};
    use bakeoff_core::lab::CommandClass;

    let lane = |node: &str, bad: bool| NodeLane {
        node: node.to_owned(),
        samples: (-6..60)
            .map(|step| {
                let at = f64::from(step) / 2.0;
                let health = match (bad, at) {
                    (true, 0.0..=9.0) => Health::Bad,
                    (false, 0.0..=1.5) => Health::Poor,
                    _ => Health::Good,
                };
                (at, health)
            })
            .collect(),
    };
    let moment = |at, label, is_trouble| Moment { at, label, is_trouble };
    let command = |at, class, text: &str| TimelineCommand { at, class, text: text.to_owned() };
    let spec = TimelineSpec {
        title: "node_kill on n2 of embedded".to_owned(),
        description: "node_kill on n2 of embedded. fault after 0.0 s. restored after 9.3 s. 2 commands."
            .to_owned(),
        span: (-3.0, 30.0),
        fault: Some((0.0, 30.0)),
        lanes: vec![lane("n1", false), lane("n2", true), lane("n3", false)],
        latency: (-6..60)
            .map(|step| (f64::from(step) / 2.0, if (0..18).contains(&step) { 900.0 } else { 4.0 }))
            .collect(),
        bound_ms: 250.0,
        moments: vec![
            moment(0.0, "fault", true),
            moment(0.3, "symptom", true),
            moment(1.1, "ticket", false),
            moment(1.2, "agent", false),
            moment(9.3, "restored", false),
            moment(10.0, "resolved", false),
            moment(29.9, "verdict", false),
        ],
        commands: vec![
            command(2.0, CommandClass::Read, "labctl node list <all>"),
            command(8.8, CommandClass::Repair, "labctl node start n2"),
        ],
    };
    for theme in [ChartTheme::Light, ChartTheme::Dark] {
        let drawn = draw_timeline(&spec, theme, 760).expect("it can be drawn");
        for text in [
            ">n1<",
            ">n2<",
            ">n3<",
            "restored 9.3 s",
            "verdict 29.9 s",
            "to 900 ms",
            "node list &lt;all&gt;",
            "0 s",
        ] {
            assert!(drawn.svg.contains(text), "{text} is missing in {}", drawn.svg);
        }
        assert!(!drawn.svg.contains("style=") && !drawn.svg.contains("<script"));
        assert_eq!(drawn.marks.len(), 2);
        assert!(drawn.marks.iter().all(|mark| mark.x > 76.0 && mark.x < 750.0));
        if let Ok(folder) = std::env::var("BAKEOFF_CHARTS") {
            let image =
                bakeoff_charts::png(&drawn.svg, 760, drawn.height as u32, 2.0, theme).expect("a picture");
            std::fs::write(format!("{folder}/timeline-{theme:?}.png"), image).expect("written");
        }
    }
    assert!(draw_timeline(&spec, ChartTheme::Light, 100).is_err());
}

#[test]
fn a_survival_chart_tells_steps_censored_ones_and_numbers_at_risk() {
    let chart = spec(Metric::RestoreS, Scale::Linear, ChartBody::Survival(survival(2)));
    let drawn = draw(&chart, ChartTheme::Light, 640, 360).unwrap();
    let texts: Vec<&str> = drawn.marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(texts.len(), 8, "three steps and one censored place each");
    assert!(
        texts.iter().any(|text| text.contains("not restored after") && text.contains("3 of 4 at risk")),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text.contains("1 of 4 not restored, censored at")), "{texts:?}");
    assert!(drawn.svg.contains("Number at risk"), "there is room for the numbers at risk");
    for series in ["0", "1"] {
        let document = Document::parse(&drawn.svg).unwrap();
        let of_series = || {
            let groups = document.descendants().filter(|node| node.attribute("data-series") == Some(series));
            groups.flat_map(|group| group.descendants().filter(|node| node.is_element()))
        };
        let corners = of_series()
            .filter(|node| node.has_tag_name("polyline") && node.attribute("fill") == Some("none"))
            .filter_map(|node| Some(node.attribute("points")?.split_whitespace().count()));
        assert_eq!(corners.max(), Some(8), "a beginning, two corners a step, an end: no step is left out");
        let numbers = of_series().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text());
        let numbers: Vec<&str> = numbers.map(str::trim).filter(|text| text.parse::<u32>().is_ok()).collect();
        assert_eq!(numbers.join(" "), "4 4 3 2 1 1 1 1", "every two seconds, just before");
    }
    let small = draw(&chart, ChartTheme::Light, 320, 200).unwrap();
    assert!(!small.svg.contains("Number at risk"), "here there is none: the curves come first");
    let empty = spec(Metric::RestoreS, Scale::Linear, ChartBody::Survival(Vec::new()));
    assert!(draw(&empty, ChartTheme::Light, 480, 280).unwrap().svg.contains("No data yet"));
}
