//! Cell models from files that say them in different words.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use net_cell::morphology;
use net_sonata::cell::{
    AxonRule, CableCell, CellChange, CellModel, CellRecipe, PlacedRule, Processing, Rule,
    SectionList, SegmentRule, StubDiameters, Stubs, parse_hoc, read_hoc, read_recipe,
};
use net_sonata::config::ModificationKind;

fn recipe(model: CellModel) -> CellRecipe {
    match model {
        CellModel::Cable(recipe) => recipe,
        CellModel::Artificial(cell) => panic!("{cell:?}"),
    }
}

fn apply(recipe: &CellRecipe) -> CableCell {
    let morphology = morphology::read(common::data("cells/pyramid.swc")).unwrap();
    let attributes = BTreeMap::from([("AIS_scaler".to_owned(), 1.2)]);
    recipe.apply(Path::new("Pyramid"), morphology, &attributes).unwrap()
}

#[test]
fn a_template_and_our_json_say_the_same() {
    let hoc = apply(&recipe(read_hoc(&common::data("cells/Pyramid.hoc")).unwrap()));
    let json = apply(&recipe(read_recipe(&common::data("cells/Pyramid.json")).unwrap()));
    // Printed, since values that were not set are NaN.
    assert!(format!("{hoc:?}") == format!("{json:?}"));

    let names: Vec<&str> = hoc.morphology.sections.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["soma[0]", "dend[0]", "apic[0]", "axon[0]", "axon[1]", "myelin[0]"]);
    // The axon of the file has three sections, whose ids stay taken.
    assert_eq!(hoc.section_ids(), [0, 4, 5, 1, 2, 6]);
    let axon = &hoc.morphology.sections[3];
    assert_eq!((axon.n_segments, axon.parent), (5, Some((0, 1.0))));
    let diam = |segment: usize| hoc.morphology.segments.diam_um[axon.first_segment + segment];
    let expected = |i: f64| 2.0 * (-60.0 * i / 10.0 / 10.0_f64).exp() + 0.5 * 1.2;
    for i in 0..10 {
        assert!((diam(i) - expected(i as f64)).abs() < 1e-12);
    }
    // Every piece is a cylinder of 6 um.
    let area = hoc.morphology.segments.area_um2[axon.first_segment];
    assert!((area - std::f64::consts::PI * 6.0 * expected(0.0)).abs() < 1e-10);
    assert_eq!(hoc.morphology.sections[5].cm_uf_cm2, 0.02);

    let apical = &hoc.morphology.sections[2];
    let pas = hoc.mechanisms.iter().find(|m| m.name == "pas").unwrap();
    let g = pas.parameters["g"][apical.first_segment];
    let distance = 0.5 * hoc.morphology.sections[0].length_um
        + 0.5 * apical.length_um / apical.n_segments as f64;
    let expected = (-0.8696 + 2.087 * (distance * 0.0031_f64).exp()) * 8e-05;
    assert!((g - expected).abs() < 1e-15 * 8.0);

    let cell = hoc.template().unwrap();
    assert_eq!(cell.n_segments(), hoc.morphology.n_segments());
}

/// What NEURON accepts of cell models in use: conductances below the limits of their mechanism where a
/// function of the distance makes them so, and values of variables that the mechanism computes.
#[test]
fn templates_say_more_than_parameters_within_limits() {
    let path = common::data("cells/Pyramid.hoc");
    let text = std::fs::read_to_string(&path).unwrap();
    let text =
        text.replacen("ena = 60", "ena = 60\n    m_hh = 0", 1).replacen("2.087", "-2.087", 1);
    let cell = apply(&recipe(parse_hoc(&path, &text).unwrap()));
    let pas = cell.mechanisms.iter().find(|m| m.name == "pas").unwrap();
    assert!(pas.parameters["g"][cell.morphology.sections[2].first_segment] < 0.0);
    cell.template().unwrap();
}

#[test]
fn processing_of_allen_models_has_several_names() {
    for (names, expected) in [
        ("aibs_perisomatic,extracellular", Some(Processing::Perisomatic)),
        ("extracellular, aibs_allactive_directed", Some(Processing::AllActive)),
        ("extracellular", Some(Processing::None)),
        ("aibs_perisomatic,other", None),
    ] {
        assert_eq!(Processing::from_name(names), expected, "{names}");
    }
}

#[test]
fn capacitance_changes_by_segment_and_by_section() {
    let mut cell = apply(&recipe(read_hoc(&common::data("cells/Pyramid.hoc")).unwrap()));
    let section = cell.morphology.sections[3].clone();
    let (first, own) = (section.first_segment, section.first_segment + 2);
    let change = |kind| CellChange::new(&kind).unwrap();
    let by_segment = change(ModificationKind::CompartmentSet("cm *= 3".to_owned()));
    assert_eq!(cell.change(&by_segment, &[own]), Ok(1));
    let cm = |cell: &CableCell, segment| cell.morphology.cm_uf_cm2(segment) / section.cm_uf_cm2;
    assert_eq!((cm(&cell, first), cm(&cell, own)), (1.0, 3.0));
    let by_section = change(ModificationKind::Section("axon[0].cm /= 2".to_owned()));
    assert_eq!(cell.change(&by_section, &[]), Ok(1));
    assert_eq!((cm(&cell, first), cm(&cell, own)), (0.5, 1.5));
    cell.template().unwrap();
    let resistivity = change(ModificationKind::CompartmentSet("Ra = 100".to_owned()));
    assert!(cell.change(&resistivity, &[own]).unwrap_err().contains("one value a section"));
}

#[test]
fn stochastic_channels_have_the_streams_of_templates() {
    let cell = |lists: &[(SectionList, &str)]| {
        let insert = |(list, mechanism): &(SectionList, &str)| PlacedRule {
            at: String::new(),
            rule: Rule::Insert { list: *list, mechanism: (*mechanism).to_owned() },
        };
        apply(&CellRecipe {
            name: "test".to_owned(),
            segments: SegmentRule {
                per_um: 1e3,
                fixed: vec![(SectionList::Somatic, 1), (SectionList::Basal, 3)],
            },
            axon: AxonRule::Keep,
            rules: lists.iter().map(insert).collect(),
        })
    };
    let both = cell(&[
        (SectionList::All, "StochKv3"),
        (SectionList::Somatic, "StochKv"),
        (SectionList::Apical, "StochKv"),
    ]);
    let [named, counted] = &both.channel_streams(7, 99)[..] else { panic!("two mechanisms") };
    assert_eq!((named.mechanism, counted.mechanism), ("StochKv3", "StochKv"));
    assert_eq!(named.ids.len(), both.morphology.n_segments());
    let sections = &both.morphology.sections;
    let section = |name: &str| sections.iter().find(|s| s.name == name).unwrap();
    let first = |name: &str| section(name).first_segment as u32;
    // The hashes are those of templates run by NEURON.
    for (segment, hash) in [(first("soma[0]"), 1_940_962_635), (first("dend[0]"), 1_186_760_807)] {
        assert!(named.ids.contains(&(segment, [7, hash, 99])), "{segment}: {named:?}");
    }
    // Basal segments are counted, though the channel is not in them.
    let n_basal = section("dend[0]").n_segments as u32;
    assert_eq!(
        counted.ids[..2],
        [(first("soma[0]"), [99, 0, 8]), (first("apic[0]"), [99, 1 + n_basal, 8])]
    );
    assert!(cell(&[(SectionList::Apical, "StochKv")]).channel_streams(7, 99).is_empty());
}

#[test]
fn every_rule_for_an_axon_makes_one() {
    let recipe = |axon| CellRecipe {
        name: "test".to_owned(),
        segments: SegmentRule { per_um: 40.0, fixed: Vec::new() },
        axon,
        rules: Vec::new(),
    };
    let stubs = |diameters| {
        AxonRule::Stubs(Stubs { length_um: 30.0, diameters, soma_x: 1.0, myelin: None })
    };
    let diam = |cell: &CableCell, section: usize| {
        cell.morphology.segments.diam_um[cell.morphology.segment_at(section, 0.5)]
    };
    assert_eq!(apply(&recipe(AxonRule::Keep)).morphology.sections.len(), 6);
    assert_eq!(apply(&recipe(AxonRule::Remove)).morphology.sections.len(), 3);
    let fixed = apply(&recipe(stubs(StubDiameters::Fixed([1.0, 2.0]))));
    assert_eq!(diam(&fixed, 3), 1.0);
    assert_eq!(diam(&fixed, 4), 2.0);
    // The axon of the file becomes thinner from section to section: about 1.4, 0.8, 0.7 um.
    let ends = apply(&recipe(stubs(StubDiameters::FirstAndLast)));
    assert!((diam(&ends, 3) - 1.4).abs() < 0.1, "{}", diam(&ends, 3));
    assert!((diam(&ends, 4) - 0.7).abs() < 1e-6, "{}", diam(&ends, 4));
    let far = apply(&recipe(stubs(StubDiameters::Beyond60Um { or_last: false })));
    assert!((diam(&far, 3) - 1.4).abs() < 0.1, "{}", diam(&far, 3));
    assert!((diam(&far, 4) - 0.8).abs() < 1e-6, "{}", diam(&far, 4));
    let sampled = StubDiameters::Sampled { n_segments: 5, min_sections: 3 };
    let sampled = apply(&recipe(stubs(sampled)));
    assert_eq!(sampled.morphology.sections[3].n_segments, 5);
    let first = sampled.morphology.segments.diam_um[sampled.morphology.sections[3].first_segment];
    assert!(1.4 < first && first < 1.601, "{first}");
}

#[test]
fn what_a_template_must_not_say_is_named_with_its_line() {
    let good = std::fs::read_to_string(common::data("cells/Pyramid.hoc")).unwrap();
    let path = Path::new("Pyramid.hoc");
    let message = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        parse_hoc(path, &good.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert_eq!(
        message("insert pas", "if (x) insert pas"),
        "Pyramid.hoc: line 28: found `if`, expected forsec, insert, an assignment of a number, or \
         distribute_distance"
    );
    assert!(
        message("g_pas = 3", "g_pas = x * 3").contains("line 36: found `x`, expected a number")
    );
    assert!(message("forsec this.somatic", "forsec this.spines").contains("expected all, somatic"));
    assert!(message("2*int(L/chunkSize)", "2*int(L/7)").contains("expected nseg = 1 + 2*int"));
    assert!(message("2.087*exp", "2.087*expo").contains("found `expo`"));
    assert!(message("begintemplate", "template").contains("expected begintemplate"));
    assert!(message("L_target = 60", "L_target = L").contains("known ways to replace an axon"));
    assert!(
        message("distance(0, 0.5)", "distance(1, 0.5)").contains("expected soma[0] distance()")
    );
    // The mechanism must be there before its parameters.
    let wrong = good.replacen("forsec this.somatic { insert hh }", "", 1);
    let recipe = recipe(parse_hoc(path, &wrong).unwrap());
    let morphology = morphology::read(common::data("cells/pyramid.swc")).unwrap();
    let attributes = BTreeMap::from([("AIS_scaler".to_owned(), 1.2)]);
    let error = recipe.apply(path, morphology.clone(), &attributes).unwrap_err().to_string();
    assert!(error.contains("gnabar_hh, but no hh in soma[0]"), "{error}");
    let error = recipe.apply(path, morphology, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("a node without dynamics_params/AIS_scaler"), "{error}");
}

/// Templates of others, where the environment says where they are.
#[test]
fn templates_of_circuits_are_read() {
    let Some(folder) = std::env::var_os("NET_HOC_TEMPLATES") else {
        println!("skipped: NET_HOC_TEMPLATES is not set");
        return;
    };
    let mut n = 0;
    for entry in std::fs::read_dir(Path::new(&folder).join("all")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hoc") {
            let model = read_hoc(&path).unwrap_or_else(|error| panic!("{error}"));
            if let CellModel::Cable(recipe) = model {
                println!("{}: {:?}", recipe.name, recipe.axon);
            }
            n += 1;
        }
    }
    println!("{n} templates");
}

mod robust {
    use proptest::prelude::*;

    use super::{Path, common, parse_hoc};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = parse_hoc(Path::new("x"), &text);
        }

        #[test]
        fn no_cut_of_a_template_makes_the_parser_panic(at in 0usize..2600, to in 0usize..2600) {
            let good = std::fs::read_to_string(common::data("cells/Pyramid.hoc")).unwrap();
            let (at, to) = (at.min(good.len()), to.min(good.len()));
            let _ = parse_hoc(Path::new("x"), &format!("{}{}", &good[..at], &good[to..]));
        }
    }
}
