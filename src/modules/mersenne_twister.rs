//! The Mersenne Twister MT19937 of Matsumoto and Nishimura (1998), with their seeding by an array
//! (2002), and what Python makes of its 32-bit numbers.

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// A generator. `index` is how many numbers of the state have been given out.
pub struct MersenneTwister {
    state: [u32; SIZE],
    index: usize,
}

impl MersenneTwister {
    /// Seeded with the 32-bit digits of a number, lowest first.
    pub fn seeded(key: &[u32]) -> MersenneTwister {
        let mut twister = MersenneTwister { state: [0; SIZE], index: SIZE };
        twister.seed(key);
        twister
    }

    /// Starts again from a seed. No digits stand for 0.
    pub fn seed(&mut self, key: &[u32]) {
        let key = if key.is_empty() { &[0] } else { key };
        let state = &mut self.state;
        state[0] = 19650218;
        for i in 1..SIZE {
            state[i] = mixed(state[i - 1], 1812433253).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        let wrap = |state: &mut [u32; SIZE], i: usize| {
            if i < SIZE {
                return i;
            }
            state[0] = state[SIZE - 1];
            1
        };
        for _ in 0..SIZE.max(key.len()) {
            state[i] = (state[i] ^ mixed(state[i - 1], 1664525)).wrapping_add(key[j]).wrapping_add(j as u32);
            i = wrap(state, i + 1);
            j = if j + 1 < key.len() { j + 1 } else { 0 };
        }
        for _ in 0..SIZE - 1 {
            state[i] = (state[i] ^ mixed(state[i - 1], 1566083941)).wrapping_sub(i as u32);
            i = wrap(state, i + 1);
        }
        state[0] = 1 << 31;
        self.index = SIZE;
    }

    /// Goes on from a state that `numbers` gave; None when there are not 625 numbers or the last is no
    /// index.
    pub fn from_numbers(numbers: &[u32]) -> Option<MersenneTwister> {
        let (index, state) = numbers.split_last()?;
        let index = usize::try_from(*index).ok().filter(|index| *index <= SIZE)?;
        Some(MersenneTwister { state: state.try_into().ok()?, index })
    }

    /// The state, and behind it how many of its numbers have been given out.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.state.iter().copied().chain(std::iter::once(self.index as u32))
    }

    fn twist(&mut self) {
        let state = &mut self.state;
        for i in 0..SIZE {
            let bits = (state[i] & 1 << 31) | (state[(i + 1) % SIZE] & !(1 << 31));
            let odd = if bits & 1 == 0 { 0 } else { 0x9908b0df };
            state[i] = state[(i + SHIFT) % SIZE] ^ bits >> 1 ^ odd;
        }
        self.index = 0;
    }

    /// 32 random bits.
    #[inline]
    pub fn draw(&mut self) -> u32 {
        if self.index >= SIZE {
            self.twist();
        }
        let mut bits = self.state[self.index];
        self.index += 1;
        bits ^= bits >> 11;
        bits ^= bits << 7 & 0x9d2c5680;
        bits ^= bits << 15 & 0xefc60000;
        bits ^ bits >> 18
    }

    /// A float from 0 up to 1, without 1: 53 random bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        let (high, low) = (self.draw() >> 5, self.draw() >> 6);
        (high as f64 * 67108864.0 + low as f64) / 9007199254740992.0
    }

    /// So many random bits, at most 64.
    #[inline]
    pub fn bits(&mut self, count: u32) -> u64 {
        match count {
            0 => 0,
            1..=32 => (self.draw() >> (32 - count)) as u64,
            _ => {
                let low = self.draw() as u64;
                low | ((self.draw() >> (64 - count.min(64))) as u64) << 32
            }
        }
    }

    /// So many random bits as digits of 32, lowest first.
    pub fn digits(&mut self, count: u64) -> Vec<u32> {
        let whole = count / 32;
        let mut digits: Vec<u32> = (0..whole).map(|_| self.draw()).collect();
        let rest = (count % 32) as u32;
        if rest > 0 {
            digits.push(self.draw() >> (32 - rest));
        }
        digits
    }
}

fn mixed(number: u32, factor: u32) -> u32 {
    (number ^ number >> 30).wrapping_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::MersenneTwister;

    #[test]
    fn gives_the_numbers_of_the_reference() {
        // The published output for init_by_array({0x123, 0x234, 0x345, 0x456}).
        let mut twister = MersenneTwister::seeded(&[0x123, 0x234, 0x345, 0x456]);
        assert_eq!([twister.draw(), twister.draw(), twister.draw()], [1067595299, 955945823, 477289528]);
    }

    #[test]
    fn gives_the_numbers_of_cpython() {
        let mut twister = MersenneTwister::seeded(&[5]);
        assert_eq!(twister.unit(), 0.6229016948897019);
        let numbers: Vec<u32> = twister.numbers().collect();
        let mut copy = MersenneTwister::from_numbers(&numbers).unwrap();
        assert_eq!(copy.unit(), twister.unit());
        assert!(MersenneTwister::from_numbers(&[1, 2]).is_none());
    }
}
