"""Prints what NEURON makes of morphology files, as the lines of expected values in good/.

    python with_neuron.py FILE ...

One line a section: name, parent, position on it, number of points, length, area, first point, last point.
"""
import sys
from neuron import h

h.load_file('stdlib.hoc')
h.load_file('import3d.hoc')
for path in sys.argv[1:]:
    h('forall delete_section()')
    h('objref this')
    reader = h.Import3d_SWC_read() if path.endswith('.swc') else h.Import3d_Neurolucida3()
    reader.quiet = 1
    reader.input(path)
    h.Import3d_GUI(reader, 0).instantiate(h.this)
    h.define_shape()
    print(path)
    for section in h.allsec():
        parent = section.parentseg()
        last = section.n3d() - 1
        ends = [f(i) for i in (0, last) for f in (section.x3d, section.y3d, section.z3d)]
        area = sum(segment.area() for segment in section)
        numbers = [h.parent_connection(sec=section) if parent else 0., section.n3d(), section.L, area, *ends]
        print('#=', section.name(), parent.sec.name() if parent else '-', *(f'{n:.12g}' for n in numbers))
