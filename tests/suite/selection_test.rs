//! What the rules make of a session, against a model that is as simple as they are written.

use std::rc::Rc;

use chute_toggl::reconcile::names::resolve;
use chute_toggl::reconcile::selection::{LeftAlone, NameOrId, Rule, RuleAt, Selection};
use chute_toggl::sidecar::{Category, Resolution};
use chute_toggl::toggl::Named;
use proptest::prelude::*;
use time::{Date, Duration, Month, OffsetDateTime, UtcOffset};

const CATEGORIES: [Category; 4] = [Category::General, Category::Work, Category::Home, Category::Hobby];
const TITLES: [&str; 5] = ["", "A", "AC", "ACME:", "b"];

fn named() -> impl Strategy<Value = Option<NameOrId>> {
    prop::option::of(prop_oneof![
        (1_i64..5).prop_map(NameOrId::Id),
        "[ab]".prop_map(|name| NameOrId::Name(Rc::from(name))),
    ])
}

fn tags() -> impl Strategy<Value = Rc<[String]>> {
    prop::collection::vec("[xy]", 0..3).prop_map(Rc::from)
}

fn rule() -> impl Strategy<Value = Rule> {
    let conditions = (prop::option::of(0..4_usize), prop::option::of(0..TITLES.len()));
    (conditions, prop::option::of(named()), prop::option::of(tags()), any::<bool>()).prop_map(
        |((category, title), project, tags, skip)| Rule {
            at: RuleAt::default(),
            category: category.map(|at| CATEGORIES[at]),
            title: title.map(|at| TITLES[at].to_owned()),
            project,
            tags,
            skip,
        },
    )
}

fn selection() -> impl Strategy<Value = Selection> {
    let rules = prop::collection::vec(rule(), 0..4).prop_map(|mut rules| {
        for (at, number) in rules.iter_mut().zip(1..) {
            at.at = RuleAt { number, line: 10 * number };
        }
        rules
    });
    (prop::option::of(day()), 0_u32..4, any::<bool>(), named(), tags(), rules).prop_map(
        |(since, at_least_min, running, project, tags, rules)| Selection {
            since,
            at_least_min,
            running,
            workspace: None,
            project,
            tags,
            rules,
        },
    )
}

fn day() -> impl Strategy<Value = Date> {
    (1_u8..6).prop_map(|day| Date::from_calendar_date(2026, Month::May, day).unwrap())
}

proptest! {
    #[test]
    fn the_first_rule_that_fits_decides(selection in selection(), category in 0..4_usize, title in 0..TITLES.len()) {
        let (category, title) = (CATEGORIES[category], TITLES[title]);
        let mut expected = (selection.project.clone(), Rc::clone(&selection.tags), None, false);
        for rule in &selection.rules {
            let same_category = rule.category.is_none() || rule.category == Some(category);
            let begins = rule.title.as_ref().is_none_or(|prefix| title.get(..prefix.len()) == Some(prefix.as_str()));
            if same_category && begins {
                if let Some(project) = &rule.project {
                    expected.0 = project.clone();
                }
                if let Some(tags) = &rule.tags {
                    expected.1 = Rc::clone(tags);
                }
                expected.2 = Some(rule.at);
                expected.3 = rule.skip;
                break;
            }
        }
        let choice = selection.choice(category, title);
        prop_assert_eq!(choice.project, expected.0.as_ref());
        prop_assert_eq!(choice.tags, &expected.1);
        prop_assert_eq!(choice.rule, expected.2);
        let without = Selection { since: None, ..selection };
        let start = OffsetDateTime::UNIX_EPOCH;
        let skipped = expected.2.filter(|_| expected.3).map(|at| LeftAlone::Skipped(at.number));
        prop_assert_eq!(without.excludes(category, title, start), skipped);
    }

    #[test]
    fn a_session_counts_for_the_day_on_its_own_clock(
        selection in selection(), start in 0_i64..600_000, length in prop::option::of(0_i64..400), offset in -11_i8..12,
    ) {
        let offset = UtcOffset::from_hms(offset, 0, 0).unwrap();
        let start = (Date::from_calendar_date(2026, Month::April, 30).unwrap().midnight().assume_utc()
            + Duration::seconds(start)).to_offset(offset);
        let stop = length.map(|length| start + Duration::seconds(length));
        let is_before = selection.since.is_some_and(|since| start.date() < since);
        let excluded = selection.excludes(Category::General, "zz", start);
        prop_assert_eq!(excluded == Some(LeftAlone::BeforeSince), is_before);
        let expected = match length {
            None if !selection.running => Some(LeftAlone::Running),
            Some(length) if length < i64::from(selection.at_least_min) * 60 => Some(LeftAlone::TooShort),
            _ => None,
        };
        prop_assert_eq!(selection.postpones(start, stop), expected);
    }

    #[test]
    fn a_name_is_exact_or_else_the_only_one_in_any_case(
        name in "[aAbB]{1,2}", listed in prop::collection::vec("[aAbB]{1,2}", 0..6),
    ) {
        let listed: Vec<Named<i64>> = listed.into_iter().zip(1..).map(|(name, id)| Named { id, name }).collect();
        let exact: Vec<&Named<i64>> = listed.iter().filter(|one| one.name == name).collect();
        let any_case: Vec<&Named<i64>> = listed.iter().filter(|one| one.name.eq_ignore_ascii_case(&name)).collect();
        let expected = match (exact.len(), any_case.len()) {
            (1, _) => Resolution::Found(exact[0].id),
            (0, 1) => Resolution::Found(any_case[0].id),
            (0, 0) => Resolution::Missing,
            (0, _) => Resolution::Several(any_case.into_iter().cloned().collect()),
            _ => Resolution::Several(exact.into_iter().cloned().collect()),
        };
        prop_assert_eq!(resolve(&name, &listed), expected);
    }
}

/// A name that looks like a number is a name, and capitals of other scripts are capitals.
#[test]
fn names_are_names() {
    let listed = [(1, "2024"), (2024, "Café"), (3, "朝会")].map(|(id, name)| Named { id, name: name.to_owned() });
    for (name, expected) in [
        ("2024", Resolution::Found(1)),
        ("CAFÉ", Resolution::Found(2024)),
        ("朝会", Resolution::Found(3)),
        ("3", Resolution::Missing),
    ] {
        assert_eq!(resolve(name, &listed), expected, "{name}");
    }
}
