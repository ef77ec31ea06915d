TITLE Leaky integrate-and-fire cell with an exponential current

COMMENT
An event adds its weight to the current i, which decays to ib; the membrane m integrates it:

    taus i' = ib - i        taum m' = i - m

When m passes 1 the cell fires and m begins again at 0, while i goes on. Between events

    m = ib + b exp(-t/taus) + c exp(-t/taum),    b = (i - ib) taus/(taus - taum),    c = m - ib - b,

has one extremum at most, so that the time at which it passes 1 first is either before a maximum or, with
ib > 1, anywhere; it is found by Newton's method within brackets. taus > taum is needed; else taus is
taum + 0.1 ms. i and m are brought up to date at events.
Names and defaults are those of the artificial cell of this name in NEURON.

Hines and Carnevale, Neurocomputing 58-60 (2004) 1117.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire2
    RANGE taum, taus, ib, i, m
}

PARAMETER {
    taum = 10 (ms) <1e-9, 1e9>
    taus = 20 (ms) <1e-9, 1e9>
    ib = 0
}

ASSIGNED {
    i
    m
    slow (ms)
    b
    c
    updated (ms)
}

INITIAL {
    slow = taus
    if (taus <= taum) {
        slow = taum + 0.1
    }
    i = ib
    m = 0
    updated = t
    components()
    net_send(time_to_fire(), 1)
}

: What m is made of from now on.
PROCEDURE components() {
    b = (i - ib)*slow/(slow - taum)
    c = m - ib - b
}

: m after a time.
FUNCTION later(d (ms)) {
    later = ib + b*exp(-d/slow) + c*exp(-d/taum)
}

: When m passes 1.
FUNCTION time_to_fire() (ms) {
    LOCAL from, to, x, value, slope, next, k
    from = 0
    to = -1
    x = 0
    if (b != 0 && c/b < 0) {
        x = log(-c*slow/(b*taum))*slow*taum/(slow - taum)
    }
    if (b > 0 && x > 0) {
        if (later(x) > 1) {
            to = x
        }
    } else if (ib > 1) {
        if (x > 0) {
            from = x
        }
        : Here what is left of both exponentials is too small to matter.
        to = from + slow + slow*log(1 + (fabs(b) + fabs(c))/(ib - 1))
    }
    time_to_fire = 1e9
    if (m >= 1) {
        time_to_fire = 0
    } else if (to >= 0) {
        x = from
        next = from
        k = 0
        while (k < 200) {
            value = later(x) - 1
            slope = -b/slow*exp(-x/slow) - c/taum*exp(-x/taum)
            if (value > 0) {
                to = x
            } else {
                from = x
            }
            next = x - value/slope
            if (slope <= 0 || next <= from || next >= to) {
                next = (from + to)/2
            }
            k = k + 1
            if (fabs(next - x) <= 1e-13*to || value == 0) {
                k = 200
            }
            if (value != 0) {
                x = next
            }
        }
        time_to_fire = x
    }
}

NET_RECEIVE (w) {
    LOCAL reached
    reached = later(t - updated)
    i = ib + (i - ib)*exp(-(t - updated)/slow)
    m = reached
    updated = t
    if (flag == 1) {
        net_event(t)
        m = 0
        components()
        net_send(time_to_fire(), 1)
    } else {
        i = i + w
        components()
        net_move(t + time_to_fire())
    }
}
