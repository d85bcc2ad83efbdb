//! Writes the report of a made-up run, for looking at it: `report OUT.html [CHART ...]`, where each CHART is a path
//! without its ending `-light.svg` and `-dark.svg`.

#[path = "../tests/it/sample.rs"]
#[expect(dead_code, reason = "the trials are for the tests")]
mod sample;

use bakeoff_interop::html::{Report, ReportChart, report};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: report OUT.html [CHART ...]")?;
    let mut charts = Vec::new();
    for chart in arguments {
        let read = |theme: &str| std::fs::read_to_string(format!("{chart}-{theme}.svg"));
        charts.push(ReportChart { light: read("light")?, dark: read("dark")? });
    }
    let (head, variants, comparison) = (sample::head(), sample::variants(), sample::comparison());
    let what = Report {
        written_at: head.created_at,
        head: &head,
        variants: &variants,
        comparison: &comparison,
        charts: &charts,
        gates: &[],
        nodes: &[],
    };
    let file = std::io::BufWriter::new(std::fs::File::create(&out)?);
    report(file, &what, (0..6).map(|index| Ok::<_, std::convert::Infallible>(sample::differing(index))))?;
    println!("{out}");
    Ok(())
}
