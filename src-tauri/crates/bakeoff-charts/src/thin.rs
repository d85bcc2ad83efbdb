//! Step curves of many points, thinned so that the picture does not change: in each column of pixels only the first
//! corner and the last point are kept, in the order of the data.

use crate::axis::Axis;
use crate::canvas::Point;

/// Columns per pixel: fine enough for a picture of twice the size.
pub(crate) const COLUMNS: f64 = 2.0;

/// The corners of the ECDF of sorted `values`, from 0 at the axis' start to 1 at its end. `columns` per pixel; `None`
/// keeps every corner.
pub(crate) fn steps(values: &[f64], x: &Axis, y: &Axis, end: f64, columns: Option<f64>) -> Vec<Point> {
    let Some(first) = values.first() else { return Vec::new() };
    let share = 1.0 / values.len() as f64;
    let mut points = vec![(x.at(*first), y.at(0.0))];
    let mut last = points[0];
    let mut column = i64::MIN;
    for (index, value) in values.iter().enumerate() {
        let next = (x.at(*value), y.at((index + 1) as f64 * share));
        let own = columns.map_or(i64::MAX, |columns| (next.0 * columns).floor() as i64);
        if columns.is_none() || own != column {
            if last != points[points.len() - 1] {
                points.push(last);
            }
            points.extend([(next.0, last.1), next]);
            column = own;
        }
        last = next;
    }
    if last != points[points.len() - 1] {
        points.push(last);
    }
    points.push((end, last.1));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use bakeoff_core::chart::Scale;

    #[test]
    fn few_points_are_kept_as_they_are() {
        let values = [100.0, 200.0, 200.0, 400.0];
        let x = Axis::around(values, Scale::Linear, 0.0, 416.0);
        let y = Axis::unit_interval(100.0, 0.0);
        let corners = steps(&values, &x, &y, 416.0, Some(COLUMNS));
        let expected =
            [(100.0, 100.0), (100.0, 75.0), (200.0, 75.0), (200.0, 50.0), (200.0, 25.0), (400.0, 25.0)];
        for point in expected {
            let near = |at: &&Point| (at.0 - point.0).abs() < 1e-9 && (at.1 - point.1).abs() < 1e-9;
            assert!(corners.iter().any(|at| near(&at)), "{point:?} is missing in {corners:?}");
        }
        assert_eq!(corners.last(), Some(&(416.0, 0.0)), "the curve runs on at 100 % to the end of the axis");
    }

    #[test]
    fn many_points_become_a_few_a_column() {
        let values: Vec<f64> = (0..100_000).map(|i| f64::from(i).sqrt()).collect();
        let x = Axis::around(values.iter().copied(), Scale::Linear, 0.0, 800.0);
        let y = Axis::unit_interval(400.0, 0.0);
        let corners = steps(&values, &x, &y, 800.0, Some(COLUMNS));
        assert!(corners.len() <= 3 * 1600 + 3, "{} corners", corners.len());
        assert!(corners.is_sorted_by(|a, b| a.0 <= b.0 && a.1 >= b.1), "a distribution only ever rises");
    }
}
