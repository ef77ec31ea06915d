//! C code of published files that recurs, and what becomes of it.

use std::path::Path;

use net_nmodl::idioms::Class;
use net_nmodl::print::print;
use net_nmodl::symbols::Role;
use net_nmodl::{Options, Parsed, parse_text};

fn parse(text: &str) -> Parsed {
    match parse_text(Path::new("test.mod"), text, &Options::default()) {
        Ok(parsed) => parsed,
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<String>()),
    }
}

fn refused(text: &str) -> String {
    let errors = parse_text(Path::new("test.mod"), text, &Options::default()).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

const CELL: &str = "
NEURON { ARTIFICIAL_CELL Source RANGE interval BBCOREPOINTER ptr }
PARAMETER { interval = 10 (ms) }
ASSIGNED { index etime (ms) ptr }
";

fn source(draw: &str) -> String {
    format!(
        "{CELL}
        INITIAL {{ index = 0 etime = interval*draw() net_send(etime, 1) }}
        NET_RECEIVE (w) {{ if (flag == 1) {{ index = index + w net_event(t) }} }}
        {draw}"
    )
}

#[test]
fn a_stream_with_a_substitute_is_drawn_from_like_the_substitute() {
    let parsed = parse(&source(
        "VERBATIM
        #ifndef NEW
        double nrn_random_pick(void* r);
        #endif
        ENDVERBATIM
        FUNCTION draw() {
        VERBATIM
            if (_p_ptr) { /* the distribution is set elsewhere */
                _ldraw = nrn_random_pick((Rand*)_p_ptr);
            } else {
                if (_nt != nrn_threads) { hoc_execerror(\"only one thread\", 0); }
        ENDVERBATIM
            draw = exprand(1)
        VERBATIM
            }
        ENDVERBATIM
        }
        PROCEDURE setup() {
        VERBATIM
            void** pv = (void**)(&_p_ptr);
            if (ifarg(1)) { *pv = nrn_random_arg(1); } else { *pv = (void*)0; }
        ENDVERBATIM
        }",
    ));
    assert_eq!(parsed.symbols.variable("ptr").unwrap().role, Role::Random);
    assert!(print(&parsed.program).contains("draw = random_negexp(ptr)"));
    assert!(parsed.idioms.iter().filter(|i| i.class == Class::RandomStream).count() == 2);
    assert_eq!(parsed.warnings, []);
}

#[test]
fn counter_based_streams_are_recognized() {
    let parsed = parse(&source(
        "FUNCTION draw() {
        VERBATIM
            double value = 0.0;
            if (flagged) {
                value = nrnran123_dblpick((nrnran123_State*)_p_ptr);
            } else if (_p_ptr) {
                value = nrn_random_pick(RANDCAST _p_ptr);
            }
            _ldraw = value;
        ENDVERBATIM
        }
        PROCEDURE setRNG() {
        VERBATIM
            nrnran123_State** pv = (nrnran123_State**)(&_p_ptr);
            if (*pv) { nrnran123_deletestream(*pv); *pv = (nrnran123_State*)0; }
            if (ifarg(2)) {
                *pv = nrnran123_newstream((uint32_t)*getarg(1), (uint32_t)*getarg(2));
            }
        ENDVERBATIM
        }
        AFTER INITIAL {
        VERBATIM
            if (_p_ptr) { nrnran123_setseq((nrnran123_State*)_p_ptr, 0, 0); }
        ENDVERBATIM
        }
        VERBATIM
        static void bbcore_write(double* x, int* d, int* xx, int* offset, _threadargsproto_) {
            for (;;) { }
        }
        ENDVERBATIM
        DESTRUCTOR {
        VERBATIM
            nrnran123_deletestream(_p_ptr);
        ENDVERBATIM
        }",
    ));
    let text = print(&parsed.program);
    assert!(text.contains("draw = random_uniform(ptr)"));
    assert!(text.contains("random_setseq(ptr, 0)"));
    assert!(!text.contains("VERBATIM") && !text.contains("DESTRUCTOR"));
}

#[test]
fn a_distribution_known_from_the_name_alone_is_a_warning() {
    let parsed = parse(&source(
        "FUNCTION draw() {
        VERBATIM
            return nrn_random_pick(_p_ptr);
        ENDVERBATIM
        }",
    ));
    assert!(parsed.warnings[0].message.contains("taken as random_uniform"));
}

#[test]
fn arithmetic_around_a_draw_is_refused() {
    for code in [
        "_ldraw = 2. * nrn_random_pick(_p_ptr);",
        "_ldraw = nrn_random_pick(_p_ptr) + 1;",
        "_ldraw = nrn_random_pick(_p_ptr); index = 3;",
        "while (1) { _ldraw = nrn_random_pick(_p_ptr); }",
        "_ldraw = log(nrn_random_pick(_p_ptr));",
    ] {
        let text = source(&format!("FUNCTION draw() {{\nVERBATIM\n{code}\nENDVERBATIM\n}}"));
        let errors = refused(&text);
        assert!(errors.contains("this C code in VERBATIM is not supported"), "{code}: {errors}");
        assert!(errors.contains("RANDOM"), "{errors}");
    }
}

#[test]
fn a_vector_of_times_becomes_a_spike_train() {
    let text = format!(
        "{CELL}
        INITIAL {{ index = 0 element() if (index > 0) {{ net_send(etime*interval, 1) }} }}
        NET_RECEIVE (w) {{ if (flag == w) {{ net_event(t) element() }} }}
        PROCEDURE element() {{
        VERBATIM
          {{ void* vv; int i, size; double* px;
            i = (int)index;
            if (i >= 0) {{
                vv = *((void**)(&_p_ptr));
                if (vv) {{
                    size = vector_capacity(vv);
                    px = vector_vec(vv);
                    if (i < size) {{ etime = px[i]; index += 1.; }} else {{ index = -1.; }}
                }} else {{ index = -1.; }}
            }}
          }}
        ENDVERBATIM
        }}
        PROCEDURE play() {{
        VERBATIM
            void** vv = (void**)(&_p_ptr);
            *vv = (void*)0;
            if (ifarg(1)) {{ *vv = vector_arg(1); }}
        ENDVERBATIM
        }}"
    );
    let parsed = parse(&text);
    assert!(parsed.symbols.spike_train);
    assert!(parsed.symbols.variable("ptr").is_none());
    let printed = print(&parsed.program);
    assert!(printed.contains("if (index < spike_train_size()) {"), "{printed}");
    assert!(printed.contains("etime = spike_train_time(index)"));
    // A walk that does anything else is no spike train.
    let other = text.replace("etime = px[i]", "etime = 2*px[i]");
    assert!(refused(&other).contains("VERBATIM"));
}

const CHANNEL: &str = "
NEURON { SUFFIX c USEION ca READ cai WRITE ica RANGE g }
PARAMETER { g = 1 }
ASSIGNED { v (mV) ica (mA/cm2) cai (mM) }
";

#[test]
fn harmless_code_is_dropped() {
    let parsed = parse(&format!(
        "{CHANNEL}
        VERBATIM
        #include <stdlib.h>
        extern double somewhere();
        ENDVERBATIM
        INITIAL {{
        VERBATIM
            cai = _ion_cai;
        ENDVERBATIM
        }}
        BREAKPOINT {{ p() ica = g*v*cai }}
        PROCEDURE p() {{
        VERBATIM
            if (g > 2) {{ printf(\"large %g\\n\", g); }}
        ENDVERBATIM
        VERBATIM
            return 0;
        ENDVERBATIM
        }}"
    ));
    let classes: Vec<Class> = parsed.idioms.iter().map(|idiom| idiom.class).collect();
    for class in [Class::Declarations, Class::IonReread, Class::Print, Class::EarlyReturn] {
        assert!(classes.contains(&class), "{class:?} in {classes:?}");
    }
    assert!(
        refused(&format!(
            "{CHANNEL} BREAKPOINT {{\nVERBATIM\ncai = 2*_ion_cai;\nENDVERBATIM\nica = g*v*cai }}"
        ))
        .contains("VERBATIM")
    );
}

#[test]
fn an_early_return_becomes_an_else() {
    let parsed = parse(&format!(
        "{CHANNEL}
        BREAKPOINT {{ p(cai) }}
        PROCEDURE p(x) {{
            ica = 0
            if (x > 1) {{
                ica = g
                VERBATIM
                return 0;
                ENDVERBATIM
            }}
            ica = v
        }}"
    ));
    let printed = print(&parsed.program);
    let routine = &printed[printed.find("PROCEDURE").unwrap()..];
    let words: Vec<&str> = routine.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "PROCEDURE p(x) { ica = 0 if (x > 1) { ica = g } else { ica = v } }"
    );
    // In a loop, a return is none of these.
    assert!(refused(&format!(
        "{CHANNEL} BREAKPOINT {{ while (v > 1) {{\nVERBATIM\nreturn;\nENDVERBATIM\n}} ica = g*v*cai }}"
    ))
    .contains("VERBATIM"));
}

#[test]
fn what_a_vector_guards_is_left_out() {
    let source = "NEURON { POINT_PROCESS p RANGE next BBCOREPOINTER times, weights }
        ASSIGNED { next times weights }
        PROCEDURE set() {
        VERBATIM
            IvocVect** vv = (IvocVect**)(&_p_times);
            if (ifarg(1)) { *vv = vector_arg(1); }
        ENDVERBATIM
        }
        NET_RECEIVE (w) {
            INITIAL {
        VERBATIM
                IvocVect *vv = *((IvocVect**)(&_p_times));
                if (vv && vector_capacity(vv) >= 1) {
                    double* x = vector_vec(vv);
                    for (int k = 0; k < vector_capacity(vv); ++k) {
                        double at = x[k]; /* } */
        ENDVERBATIM
                        net_send(at, 1)
        VERBATIM
                    }
                }
        ENDVERBATIM
            }
            if (flag == 1) {
        VERBATIM
                IvocVect *vv = *((IvocVect**)(&_p_weights));
                if (vv && vector_capacity(vv) >= next) {
                    double next_weight = vector_vec(vv)[(int)next];
        ENDVERBATIM
                    w = next_weight
        VERBATIM
                }
                return;
        ENDVERBATIM
            }
            next = next + w
        }";
    let parsed = parse(source);
    let printed = print(&parsed.program);
    let receive = &printed[printed.find("NET_RECEIVE").unwrap()..];
    let words: Vec<&str> = receive.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "NET_RECEIVE (w) { INITIAL { } if (flag == 1) { } else { next = next + w } }"
    );
    assert!(!printed.contains("BBCOREPOINTER"), "{printed}");
    assert!(parsed.warnings.iter().any(|warning| warning.message.contains("in `times` is left")));
    // Without a vector the other arm is run.
    let other = source.replace("return;", "else { next = 0; } return;");
    assert!(refused(&other).contains("VERBATIM"));
    let either = source.replace("vv && vector_capacity(vv) >= next", "vv && next || next");
    assert!(refused(&either).contains("VERBATIM"));
}
