TITLE Leaky integrate-and-fire cell with excitatory and inhibitory currents

COMMENT
An event with a positive weight adds it to the current e, which decays; one with a negative weight adds it
to i1, from which the current i2 rises and decays. The membrane m integrates both:

    e' = -e/taue    i1' = -i1/taui1    i2' = -i2/taui2 + ai1 i1    m' = -m/taum + ae e + ai2 i2

The constants a make the peaks of m 1 for one event with weight 1 and -1 for one with weight -1, and that of
i2 -1 for the latter. When m passes 1 the cell fires and m begins again at 0, while e, i1 and i2 go on. States
are sums of exponentials, brought up to date at events. Inhibition has to outlast excitation, taue < taui2, and
taui1 < taui2; then the tangent of m reaches 1 before m does, and the time of the spike is approached by events
of the cell to itself at the time that the tangent gives. The cell fires when m is above 1 - eps. Time constants
that do not obey, or are nearer to each other than taueps, are moved.
Names, defaults and the approach are those of the artificial cell of this name in NEURON.

Hines and Carnevale, Neurocomputing 58-60 (2004) 1117.
van Elburg and van Ooyen, Neural Comput. 21 (2009) 1913, for the time constant of the membrane.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire4
    RANGE taue, taui1, taui2, taum, e, i1, i2, m, nself, nexcite, ninhibit
    GLOBAL eps, taueps
}

PARAMETER {
    taue = 5 (ms) <1e-9, 1e9>
    taui1 = 10 (ms) <1e-9, 1e9>
    taui2 = 20 (ms) <1e-9, 1e9>
    taum = 50 (ms) <1e-9, 1e9>
    eps = 1e-6 <1e-9, 0.01>
    taueps = 0.01 (ms) <1e-9, 1e9>
}

ASSIGNED {
    e
    i1
    i2
    m
    updated (ms)
    nself
    nexcite
    ninhibit
    ke (/ms)
    k1 (/ms)
    k2 (/ms)
    km (/ms)
    be
    b1
    b2
}

INITIAL {
    rates()
    be = 1/peak(km, ke)
    b1 = 1/peak(k2, k1)
    b2 = 1
    b2 = 1/inhibited(latest_rise())
    e = 0
    i1 = 0
    i2 = 0
    m = 0
    updated = t
    nself = 0
    nexcite = 0
    ninhibit = 0
    net_send(1e9, 1)
}

: Rates of the time constants, kept apart from each other.
PROCEDURE rates() {
    LOCAL excitation, rise, decay, membrane, k
    rise = taui1
    decay = taui2
    if (taui1 > taui2) {
        rise = taui2
        decay = taui1
    }
    if (rise > decay - taueps) {
        rise = decay - taueps
    }
    excitation = taue
    if (excitation > decay - taueps) {
        excitation = decay - taueps
    }
    membrane = taum
    k = 0
    while (k < 3) {
        if (fabs(membrane - excitation) < taueps || fabs(membrane - rise) < taueps || fabs(membrane - decay) < taueps) {
            membrane = membrane + taueps
        }
        k = k + 1
    }
    ke = 1/excitation
    k1 = 1/rise
    k2 = 1/decay
    km = 1/membrane
}

: Largest value of exp(-slow t) - exp(-fast t).
FUNCTION peak(slow (/ms), fast (/ms)) {
    LOCAL at
    at = log(slow/fast)/(slow - fast)
    peak = exp(-slow*at) - exp(-fast*at)
}

: m at a time after i1 was 1 and all else 0.
FUNCTION inhibited(d (ms)) {
    inhibited = b2*b1*(exp(-km*d) - exp(-k2*d) - (k2 - km)/(k1 - km)*(exp(-km*d) - exp(-k1*d)))
}

: A multiple of its slope.
FUNCTION rise_of(d (ms)) {
    rise_of = (k2*exp(-k2*d) - km*exp(-km*d))/(k2 - km) - (k1*exp(-k1*d) - km*exp(-km*d))/(k1 - km)
}

: When it is largest, by bisection.
FUNCTION latest_rise() (ms) {
    LOCAL from, to, middle
    from = 0
    to = 1/k2
    while (rise_of(to) > 0 && to < 1e9) {
        from = to
        to = 2*to
    }
    middle = to
    while (to - from > 1e-9*to) {
        middle = (from + to)/2
        if (rise_of(middle) > 0) {
            from = middle
        } else {
            to = middle
        }
    }
    latest_rise = middle
}

: Brings the states up to date.
PROCEDURE update() {
    LOCAL d, de, d1, d2, dm
    d = t - updated
    de = exp(-ke*d)
    d1 = exp(-k1*d)
    d2 = exp(-k2*d)
    dm = exp(-km*d)
    m = m*dm + be*e*(dm - de) + (b2*i2 + b2*b1*i1)*(dm - d2) - b2*b1*(k2 - km)/(k1 - km)*i1*(dm - d1)
    i2 = i2*d2 + b1*i1*(d2 - d1)
    i1 = i1*d1
    e = e*de
    updated = t
}

: Time until the tangent of m reaches 1.
FUNCTION bound() (ms) {
    LOCAL slope
    slope = -km*m + be*(ke - km)*e + b2*(k2 - km)*i2
    bound = 1e9
    if (slope > 1e-9) {
        bound = (1 - m)/slope
    }
}

NET_RECEIVE (w) {
    update()
    if (m > 1 - eps) {
        net_event(t)
        m = 0
    }
    if (flag == 1) {
        nself = nself + 1
        net_send(bound(), 1)
    } else {
        if (w > 0) {
            nexcite = nexcite + 1
            e = e + w
        } else {
            ninhibit = ninhibit + 1
            i1 = i1 + w
        }
        net_move(t + bound())
    }
}
