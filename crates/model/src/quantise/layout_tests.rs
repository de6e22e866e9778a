//! The layout rule on small demands.

use super::*;
use crate::integer::Function;

const RELU: TableFunction = TableFunction::Clamp { lo: 0, hi: 255 };
const IDENTITY: TableFunction = TableFunction::Identity;

fn plan(function: TableFunction, pre_scale: Option<f64>, range: (f64, f64)) -> LayerPlan {
    LayerPlan {
        function,
        pre_scale,
        range,
    }
}

fn choose(
    plans: &[LayerPlan],
    channels: &[usize],
    log_rows: Option<u32>,
) -> Result<TableLayout, QuantiseError> {
    TableLayout::choose(&Demand::new(plans, channels, Codes::new(8)), log_rows)
}

fn rows(layout: &TableLayout) -> u64 {
    1 + (1 << layout.shift) + layout.segments.iter().map(Segment::rows).sum::<u64>()
}

#[test]
fn a_relu_network_takes_4096_rows() {
    let plans = [
        plan(RELU, Some(0.1), (-30.0, 25.5)),
        plan(RELU, Some(1.0), (-5.0, 255.0)),
        plan(IDENTITY, Some(1.0), (-50.0, 127.0)),
    ];
    let layout = choose(&plans, &[64, 64, 32, 10], None).unwrap();
    assert_eq!((layout.log_rows, layout.shift), (12, 11));
    assert_eq!(layout.of_layer, [1, 1, 0]);
    assert!(rows(&layout) <= 4092 && rows(&layout) > 4088);
    for segment in &layout.segments {
        assert!(segment.rows() >= 768);
    }
    let relu = &layout.segments[1];
    assert_eq!(relu.function, Function::Clamp { lo: 0, hi: 255 });
    // The calibrated range is [-300, 255]; both ends have the same room.
    assert!((relu.hi - 255 - (-300 - relu.lo)).abs() <= 1);
}

#[test]
fn identities_alone_take_2048_rows() {
    let layout = choose(&[plan(IDENTITY, Some(1.0), (-9.0, 127.0))], &[64, 10], None).unwrap();
    assert_eq!(
        (layout.log_rows, layout.shift, layout.segments.len()),
        (11, 10, 1)
    );
}

#[test]
fn a_third_function_costs_shift_before_rows() {
    let plans = [
        plan(RELU, Some(1.0), (0.0, 255.0)),
        plan(TableFunction::Tanh, None, (-3.0, 5.0)),
        plan(TableFunction::Tanh, None, (-1.0, 7.0)),
    ];
    let layout = choose(&plans, &[8, 8, 8, 8], None).unwrap();
    assert_eq!(
        (layout.log_rows, layout.shift, layout.segments.len()),
        (12, 10, 3)
    );
    let tanh = &layout.segments[2];
    // 10 real units are calibrated, 15 covered, from -5.5.
    assert!((layout.pre_scale(2) - 15.0 / tanh.rows() as f64).abs() < 1e-12);
    assert!((tanh.lo as f64 * layout.pre_scale(2) + 5.5).abs() < 0.02);
}

#[test]
fn wide_tensors_take_more_rows() {
    let plans = [plan(IDENTITY, Some(1.0), (-9.0, 9.0))];
    assert_eq!(choose(&plans, &[784, 10], None).unwrap().log_rows, 11);
    assert_eq!(choose(&plans, &[1025, 10], None).unwrap().log_rows, 12);
    assert_eq!(choose(&plans, &[1024, 1000], None).unwrap().log_rows, 12);
}

#[test]
fn a_table_that_cannot_fit_says_what_it_needs() {
    let plans = [plan(RELU, Some(1.0), (-300.0, 300.0))];
    let error = choose(&plans, &[8, 8], Some(11)).unwrap_err();
    assert_eq!(
        error,
        QuantiseError::Rows {
            rows: 768 + 900 + 1 + 512 + 4,
            cells: 16,
            log_rows: 11
        }
    );
    assert!(choose(&plans, &[8, 8], Some(14)).is_ok());
    assert!(matches!(
        choose(&[plan(RELU, Some(1e-30), (-1.0, 1.0))], &[8, 8], None),
        Err(QuantiseError::Rows { .. })
    ));
    assert!(matches!(
        choose(&plans, &[1 << 28, 8], None),
        Err(QuantiseError::Rows { .. })
    ));
}
