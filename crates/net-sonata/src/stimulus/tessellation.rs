//! Points in space joined to tetrahedra: the Delaunay tessellation, and in which one a point is.
//!
//! Points are added one by one; those tetrahedra whose circumsphere has the new one inside make room
//! (Bowyer 1981, Watson 1981, <https://doi.org/10.1093/comjnl/24.2.167>). Predicates are exact
//! (Shewchuk 1997), so that points in one plane or on one sphere, as on a grid, are nothing special.
//! Outside of the hull each face has a tetrahedron with a vertex at infinity.

use std::collections::HashMap;

use robust::{Coord, Coord3D, insphere, orient2d, orient3d};

/// The vertex at infinity.
const INFINITE: u32 = u32::MAX;
/// No tetrahedron.
const NONE: u32 = u32::MAX;

/// The tessellation of some points.
#[derive(Debug, Clone)]
pub struct Tessellation {
    points: Vec<Coord3D<f64>>,
    /// Vertices of each tetrahedron; `orient3d` of them is positive, also if a point outside takes the
    /// place of the one at infinity.
    tetrahedra: Vec<[u32; 4]>,
    /// The one behind the face opposite of each vertex.
    neighbours: Vec<[u32; 4]>,
    /// One that is there.
    some: u32,
}

/// What is needed while points are added.
#[derive(Default)]
struct Scratch {
    /// Places of tetrahedra that are gone.
    free: Vec<u32>,
    /// When each was looked at, twice the number of the point, and one more if it makes room.
    seen: Vec<u64>,
    gone: Vec<u32>,
    /// Faces of new tetrahedra that wait for their other side, by the edge opposite of the new point.
    open: HashMap<[u32; 2], (u32, usize)>,
    random: u64,
}

impl Tessellation {
    /// Joins points, of which those at the same place count once. None if all are in one plane.
    pub fn new(points: &[[f64; 3]]) -> Option<Self> {
        let points: Vec<Coord3D<f64>> =
            points.iter().map(|&[x, y, z]| Coord3D { x, y, z }).collect();
        let first = independent(&points)?;
        let order = order_of(&points);
        let mut own =
            Tessellation { points, tetrahedra: vec![first], neighbours: vec![[NONE; 4]], some: 0 };
        own.surround(first);
        let mut scratch = Scratch { random: 0x9E37_79B9_7F4A_7C15, ..Scratch::default() };
        for (number, point) in order.into_iter().enumerate() {
            if !first.contains(&point) {
                own.add(point, number as u64 + 1, &mut scratch);
            }
        }
        Some(own)
    }

    /// Four vertices around a point and how much each counts, which add up to 1; none outside of the
    /// hull.
    pub fn around(&self, [x, y, z]: [f64; 3]) -> Option<[(u32, f64); 4]> {
        let point = Coord3D { x, y, z };
        let at = self.find(point, self.some, &mut 1);
        let own = self.tetrahedra[at as usize];
        if own.contains(&INFINITE) {
            return None;
        }
        let volume = |corner: usize| self.side(own, corner, point);
        let volumes: [f64; 4] = std::array::from_fn(volume);
        let all: f64 = volumes.iter().sum();
        Some(std::array::from_fn(|corner| (own[corner], volumes[corner] / all)))
    }

    fn point(&self, vertex: u32) -> Coord3D<f64> {
        self.points[vertex as usize]
    }

    /// Positive if a point is on the side of a vertex, seen from the face opposite of it.
    fn side(&self, own: [u32; 4], corner: usize, point: Coord3D<f64>) -> f64 {
        let at = |k: usize| if k == corner { point } else { self.point(own[k]) };
        orient3d(at(0), at(1), at(2), at(3))
    }

    /// Puts the tetrahedra at infinity around the first one.
    fn surround(&mut self, first: [u32; 4]) {
        for corner in 0..4 {
            let mut outer = first;
            outer[corner] = INFINITE;
            // Seen from the other side.
            let [a, b] = [(corner + 1) % 4, (corner + 2) % 4];
            outer.swap(a, b);
            self.tetrahedra.push(outer);
            self.neighbours.push([NONE; 4]);
            self.neighbours[0][corner] = corner as u32 + 1;
        }
        for one in 1..=4 {
            for k in 0..4 {
                let vertex = self.tetrahedra[one][k];
                let other = match vertex {
                    INFINITE => 0,
                    // Those at infinity share all but the vertices that they leave out.
                    vertex => first.iter().position(|v| *v == vertex).map_or(0, |at| at + 1),
                };
                self.neighbours[one][k] = other as u32;
            }
        }
    }

    /// The tetrahedron where a point is, or one at infinity behind whose face it is: from one to the
    /// next, towards the point, by a face drawn at random where several lead there.
    fn find(&self, point: Coord3D<f64>, from: u32, random: &mut u64) -> u32 {
        let infinite = self.tetrahedra[from as usize].iter().position(|v| *v == INFINITE);
        let mut at = infinite.map_or(from, |corner| self.neighbours[from as usize][corner]);
        let mut before = NONE;
        'next: loop {
            let own = self.tetrahedra[at as usize];
            if own.contains(&INFINITE) {
                return at;
            }
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            let first = (*random % 4) as usize;
            for corner in (0..4).map(|k| (first + k) % 4) {
                let next = self.neighbours[at as usize][corner];
                if next != before && self.side(own, corner, point) < 0.0 {
                    (before, at) = (at, next);
                    continue 'next;
                }
            }
            return at;
        }
    }

    /// Whether a tetrahedron makes room for a point.
    fn yields(&self, at: u32, point: Coord3D<f64>) -> bool {
        let own = self.tetrahedra[at as usize];
        match own.iter().position(|vertex| *vertex == INFINITE) {
            None => {
                let [a, b, c, d] = own.map(|vertex| self.point(vertex));
                insphere(a, b, c, d, point) > 0.0
            }
            Some(corner) => {
                let side = self.side(own, corner, point);
                // In the plane of the face: inside of its circle.
                side > 0.0
                    || side == 0.0 && self.yields(self.neighbours[at as usize][corner], point)
            }
        }
    }

    fn add(&mut self, new: u32, number: u64, scratch: &mut Scratch) {
        let point = self.point(new);
        let start = self.find(point, self.some, &mut scratch.random);
        scratch.seen.resize(self.tetrahedra.len(), 0);
        scratch.gone.clear();
        scratch.gone.push(start);
        scratch.seen[start as usize] = 2 * number + 1;
        let (mut next, mut faces) = (0, Vec::new());
        while next < scratch.gone.len() {
            let at = scratch.gone[next];
            next += 1;
            for corner in 0..4 {
                let beyond = self.neighbours[at as usize][corner];
                if scratch.seen[beyond as usize] / 2 < number {
                    let yields = self.yields(beyond, point);
                    scratch.seen[beyond as usize] = 2 * number + u64::from(yields);
                    if yields {
                        scratch.gone.push(beyond);
                    }
                }
                if scratch.seen[beyond as usize] == 2 * number {
                    faces.push((at, corner, beyond));
                }
            }
        }
        scratch.open.clear();
        for (at, corner, beyond) in faces {
            let mut own = self.tetrahedra[at as usize];
            own[corner] = new;
            let place = match scratch.free.pop() {
                Some(place) => place,
                None => {
                    self.tetrahedra.push(own);
                    self.neighbours.push([NONE; 4]);
                    self.tetrahedra.len() as u32 - 1
                }
            };
            self.tetrahedra[place as usize] = own;
            self.neighbours[place as usize] = [NONE; 4];
            self.neighbours[place as usize][corner] = beyond;
            let behind = &mut self.neighbours[beyond as usize];
            // Where the old one was; those at the edge are still what they were.
            if let Some(side) = behind.iter().position(|other| *other == at) {
                behind[side] = place;
            }
            for k in (0..4).filter(|k| *k != corner) {
                let mut edge = [0, 1, 2, 3].into_iter().filter(|m| *m != k && *m != corner);
                let mut edge = [edge.next(), edge.next()].map(|m| own[m.unwrap_or(0)]);
                edge.sort_unstable();
                match scratch.open.remove(&edge) {
                    Some((other, side)) => {
                        self.neighbours[other as usize][side] = place;
                        self.neighbours[place as usize][k] = other;
                    }
                    None => drop(scratch.open.insert(edge, (place, k))),
                }
            }
            self.some = place;
        }
        scratch.free.append(&mut scratch.gone);
    }
}

/// Four points that are not in one plane, so that `orient3d` of them is positive.
fn independent(points: &[Coord3D<f64>]) -> Option<[u32; 4]> {
    let first = *points.first()?;
    let second = points.iter().position(|point| *point != first)?;
    let flat = |[a, b, c]: [Coord3D<f64>; 3]| {
        let seen = |u: fn(&Coord3D<f64>) -> f64, v: fn(&Coord3D<f64>) -> f64| {
            let [a, b, c] = [a, b, c].map(|point| Coord { x: u(&point), y: v(&point) });
            orient2d(a, b, c) == 0.0
        };
        seen(|p| p.x, |p| p.y) && seen(|p| p.y, |p| p.z) && seen(|p| p.z, |p| p.x)
    };
    let third = points.iter().position(|point| !flat([first, points[second], *point]))?;
    let side = |point: &Coord3D<f64>| orient3d(first, points[second], points[third], *point);
    let fourth = points.iter().position(|point| side(point) != 0.0)?;
    let [b, c, d] = [second, third, fourth].map(|at| at as u32);
    Some(if side(&points[fourth]) > 0.0 { [0, b, c, d] } else { [0, c, b, d] })
}

/// The first point at each place, in rounds of which each has twice as many as the one before; in a
/// round neighbours come one after the other.
fn order_of(points: &[Coord3D<f64>]) -> Vec<u32> {
    let mut known = std::collections::HashSet::new();
    let bits = |x: f64| (x + 0.0).to_bits();
    let is_new = |at: &u32| {
        let Coord3D { x, y, z } = points[*at as usize];
        known.insert([bits(x), bits(y), bits(z)])
    };
    let mut order: Vec<u32> = (0..points.len() as u32).filter(is_new).collect();
    let range = |of: fn(&Coord3D<f64>) -> f64| {
        let all = points.iter().map(of);
        let low = all.clone().fold(f64::INFINITY, f64::min);
        (low, (all.fold(f64::NEG_INFINITY, f64::max) - low).max(f64::MIN_POSITIVE))
    };
    let ranges = [range(|p| p.x), range(|p| p.y), range(|p| p.z)];
    order.sort_by_cached_key(|&at| {
        let Coord3D { x, y, z } = points[at as usize];
        let mut along = 0_u64;
        for bit in (0..16).rev() {
            for (value, (low, width)) in [x, y, z].into_iter().zip(ranges) {
                let cell = ((value - low) / width * 65535.0) as u64;
                along = 2 * along + (cell >> bit & 1);
            }
        }
        // Each point is in the last round with chance 1/2, in the one before with 1/4.
        let hash = (u64::from(at) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
        let round = (hash ^ hash >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9).leading_zeros();
        (std::cmp::Reverse(round), along, at)
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid, whose points are many on one sphere, and points anywhere.
    fn points() -> Vec<[f64; 3]> {
        let mut points = Vec::new();
        for k in 0..343 {
            points.push([f64::from(k % 7), f64::from(k / 7 % 7), f64::from(k / 49)]);
        }
        let mut random = 7_u64;
        let mut draw = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 11) as f64 / (1_u64 << 53) as f64
        };
        points.extend((0..400).map(|_| [8.0 * draw() - 1.0, 6.0 * draw(), 7.0 * draw()]));
        points.extend_from_within(0..5);
        points
    }

    #[test]
    fn no_sphere_has_a_point_inside_and_all_of_the_hull_is_filled() {
        let points = points();
        let own = Tessellation::new(&points).unwrap();
        let mut volume = 0.0;
        let mut reached = vec![false; own.tetrahedra.len()];
        let mut next = vec![own.some];
        reached[own.some as usize] = true;
        while let Some(at) = next.pop() {
            let vertices = own.tetrahedra[at as usize];
            for (corner, beyond) in own.neighbours[at as usize].into_iter().enumerate() {
                assert!(own.neighbours[beyond as usize].contains(&at));
                let shared = own.tetrahedra[beyond as usize];
                assert!((0..4).all(|k| k == corner || shared.contains(&vertices[k])));
                if !std::mem::replace(&mut reached[beyond as usize], true) {
                    next.push(beyond);
                }
            }
            if !vertices.contains(&INFINITE) {
                let [a, b, c, d] = vertices.map(|vertex| own.point(vertex));
                let six = orient3d(a, b, c, d);
                assert!(six > 0.0);
                volume += six / 6.0;
                let inside = |p: &Coord3D<f64>| insphere(a, b, c, d, *p) > 0.0;
                assert!(!own.points.iter().any(inside));
            }
        }
        // The hull from its faces at infinity, seen from a point of it.
        let hull: f64 = own
            .tetrahedra
            .iter()
            .zip(&reached)
            .filter(|(own, reached)| **reached && own.contains(&INFINITE))
            .map(|(outer, _)| {
                let corner = outer.iter().position(|v| *v == INFINITE).unwrap();
                let side = own.side(*outer, corner, own.point(0));
                assert!(side <= 0.0, "the hull is convex");
                -side / 6.0
            })
            .sum();
        assert!((volume - hull).abs() < 1e-9 * hull, "{volume} um3 of {hull} um3");
    }

    #[test]
    fn linear_functions_are_kept() {
        let own = Tessellation::new(&points()).unwrap();
        let of = |[x, y, z]: [f64; 3]| 3.0 * x - 2.0 * y + 0.5 * z + 1.0;
        for at in
            [[0.3, 2.7, 5.1], [3.0, 3.0, 3.0], [6.0, 0.0, 6.0], [2.5, 2.5, 2.5], [0.0, 0.5, 1.0]]
        {
            let value = |(vertex, part): (u32, f64)| {
                let Coord3D { x, y, z } = own.point(vertex);
                part * of([x, y, z])
            };
            let found: f64 = own.around(at).unwrap().into_iter().map(value).sum();
            assert!((found - of(at)).abs() < 1e-12, "{at:?}: {found}, expected {}", of(at));
        }
        assert_eq!(own.around([0.0, 0.0, 9.0]), None);
        assert!(
            Tessellation::new(&[[0.0; 3], [1.0; 3], [2.0, 0.0, 1.0], [3.0, 1.0, 2.0]]).is_none()
        );
    }
}
