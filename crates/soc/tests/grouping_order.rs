//! The order in which alerts arrive does not decide how they are grouped.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use schema::Alert;
use support::{
    alert, intrusion, other_intrusion, partition, store, store_with_context, take_in, upn,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any order of arrival gives the same incidents.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        order in Just((0..13_usize).collect::<Vec<_>>()).prop_shuffle(),
        with_table in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut alerts = intrusion();
            alerts.extend(other_intrusion());
            let make = || async { if with_table { store_with_context().await } else { store().await } };
            let reference = make().await;
            take_in(&reference, &alerts).await;
            let shuffled = make().await;
            let again: Vec<Alert> = order.iter().map(|index| alerts[*index].clone()).collect();
            take_in(&shuffled, &again).await;
            let (expected, found) = (partition(&reference).await, partition(&shuffled).await);
            assert_eq!(found, expected);
            shuffled.verify_history().await.unwrap();
        });
    }

    /// The same for alerts about any few of a few things at any time.
    #[test]
    fn random_alerts_group_the_same_in_any_order(
        drawn in prop::collection::vec((0_i64..6_000, prop::collection::btree_set(0_u8..9, 0..3)), 1..14),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let alerts: Vec<Alert> = drawn.iter().enumerate().map(|(n, (minute, things))| {
                let entities = things.iter().map(|thing| upn(&format!("user{thing}"))).collect();
                let mut alert = alert(&format!("a{n}"), *minute, entities);
                alert.rule_id = "r".into();
                alert
            }).collect();
            let mut other = alerts.clone();
            let mut weights = BTreeMap::new();
            for (n, alert) in other.iter().enumerate() {
                weights.insert(alert.id, seed.rotate_left(n as u32 * 7) ^ (n as u64).wrapping_mul(seed));
            }
            other.sort_by_key(|alert| weights[&alert.id]);
            let (one, two) = (store().await, store().await);
            take_in(&one, &alerts).await;
            take_in(&two, &other).await;
            assert_eq!(partition(&one).await, partition(&two).await);
        });
    }
}
