TITLE Sodium and potassium channels and leak of the squid axon

COMMENT
Hodgkin and Huxley, J. Physiol. 117 (1952) 500-544, with potentials shifted to a rest at -65 mV:
rates of equations 12, 13, 20, 21, 23 and 24 at 6.3 degrees, times 3 for every 10 degrees more.
ENDCOMMENT

NEURON {
    SUFFIX hh
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el, gna, gk
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gnabar = 0.12 (S/cm2) <0, 1e9>
    gkbar = 0.036 (S/cm2) <0, 1e9>
    gl = 0.0003 (S/cm2) <0, 1e9>
    el = -54.3 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    gna (S/cm2)
    gk (S/cm2)
}

STATE { m h n }

INITIAL {
    m = alpha_m(v) / (alpha_m(v) + beta_m(v))
    h = alpha_h(v) / (alpha_h(v) + beta_h(v))
    n = alpha_n(v) / (alpha_n(v) + beta_n(v))
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gna = gnabar*m^3*h
    gk = gkbar*n^4
    ina = gna*(v - ena)
    ik = gk*(v - ek)
    il = gl*(v - el)
}

DERIVATIVE gates {
    LOCAL q10
    q10 = 3^((celsius - 6.3)/10)
    m' = q10*(alpha_m(v)*(1 - m) - beta_m(v)*m)
    h' = q10*(alpha_h(v)*(1 - h) - beta_h(v)*h)
    n' = q10*(alpha_n(v)*(1 - n) - beta_n(v)*n)
}

FUNCTION alpha_m(v (mV)) (/ms) { alpha_m = exprelr(-(v + 40)/10) }
FUNCTION beta_m(v (mV)) (/ms) { beta_m = 4*exp(-(v + 65)/18) }
FUNCTION alpha_h(v (mV)) (/ms) { alpha_h = 0.07*exp(-(v + 65)/20) }
FUNCTION beta_h(v (mV)) (/ms) { beta_h = 1/(exp(-(v + 35)/10) + 1) }
FUNCTION alpha_n(v (mV)) (/ms) { alpha_n = 0.1*exprelr(-(v + 55)/10) }
FUNCTION beta_n(v (mV)) (/ms) { beta_n = 0.125*exp(-(v + 65)/80) }
