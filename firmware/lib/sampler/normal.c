#include "normal.h"

#include <stdbool.h>

#define SIGN_BIT 31
#define PIECE_BITS 3 /* eight pieces an octave */
#define REST_BITS (31 - PIECE_BITS)

/* How far from the middle a normal number is where the tail beyond it has half of
 * 2^-octave * (8 + piece) / 16, in 2^-NORMAL_BITS: the octaves from 31 to 0, eight pieces each,
 * then the middle. The values are those of Wichura's algorithm AS 241 (Applied Statistics 37,
 * 1988). */
static const uint16_t AWAY[] = {
    51921, 51772, 51638, 51517, 51406, 51304, 51209, 51121, 51038, 50887, 50751, 50628, 50515,
    50412, 50315, 50225, 50141, 49987, 49849, 49724, 49609, 49504, 49406, 49314, 49229, 49072,
    48931, 48804, 48687, 48580, 48480, 48387, 48300, 48140, 47997, 47867, 47748, 47639, 47537,
    47442, 47353, 47191, 47045, 46913, 46791, 46680, 46576, 46479, 46389, 46223, 46074, 45939,
    45816, 45702, 45596, 45497, 45405, 45236, 45084, 44946, 44820, 44704, 44596, 44495, 44401,
    44228, 44073, 43932, 43803, 43684, 43574, 43471, 43374, 43198, 43039, 42895, 42763, 42642,
    42529, 42423, 42325, 42144, 41981, 41834, 41699, 41575, 41459, 41351, 41250, 41065, 40899,
    40747, 40609, 40482, 40363, 40252, 40149, 39959, 39788, 39633, 39491, 39360, 39239, 39125,
    39019, 38823, 38648, 38489, 38343, 38208, 38083, 37967, 37857, 37656, 37476, 37312, 37162,
    37024, 36895, 36775, 36662, 36455, 36269, 36101, 35946, 35803, 35670, 35546, 35430, 35216,
    35025, 34850, 34690, 34543, 34406, 34277, 34157, 33937, 33738, 33558, 33392, 33239, 33097,
    32965, 32840, 32611, 32406, 32218, 32047, 31888, 31741, 31603, 31473, 31236, 31022, 30827,
    30648, 30483, 30330, 30186, 30051, 29803, 29580, 29377, 29191, 29018, 28858, 28707, 28566,
    28307, 28074, 27861, 27666, 27485, 27316, 27159, 27011, 26738, 26493, 26269, 26063, 25873,
    25695, 25529, 25373, 25085, 24826, 24589, 24371, 24170, 23981, 23805, 23639, 23334, 23058,
    22806, 22573, 22358, 22157, 21969, 21791, 21464, 21168, 20898, 20648, 20416, 20200, 19996,
    19805, 19451, 19130, 18836, 18565, 18312, 18076, 17854, 17645, 17257, 16904, 16581, 16281,
    16002, 15740, 15493, 15259, 14827, 14432, 14068, 13729, 13413, 13115, 12834, 12568, 12071,
    11615, 11192, 10797, 10426, 10075, 9742,  9424,  8827,  8274,  7756,  7268,  6804,  6360,
    5935,  5525,  4744,  4004,  3295,  2610,  1943,  1289,  642,   0,
};

/* Zeros before the first one of a number that is not 0. */
static uint32_t octave_of(uint32_t tail) {
  uint32_t octave = 0;
  for (; tail >> SIGN_BIT == 0; tail <<= 1) octave++;
  return octave;
}

int32_t normal_at(uint32_t place) {
  const bool is_above = place >> SIGN_BIT != 0;
  const uint32_t tail = (is_above ? ~place : place) << 1 | 1; /* the place is in its middle */
  const uint32_t octave = octave_of(tail);
  const uint32_t in_octave = tail << octave & ~(1u << SIGN_BIT);
  const uint16_t *away = AWAY + ((SIGN_BIT - octave) << PIECE_BITS) + (in_octave >> REST_BITS);
  const uint32_t rest = in_octave & ((1u << REST_BITS) - 1);
  const uint64_t nearer = (uint64_t)(away[0] - away[1]) * rest + (1u << (REST_BITS - 1));
  const int32_t number = away[0] - (int32_t)(nearer >> REST_BITS);
  return is_above ? number : -number;
}
