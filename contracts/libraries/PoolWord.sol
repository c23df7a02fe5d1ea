// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// A programme's money in the one word that it is stored in, likewise (see OrderWord.sol). From the low bits up: funded,
// committed, paid, 64 each.
type PoolWord is uint256;

using PoolFields for PoolWord global;

library PoolFields {
    function funded(PoolWord pool) internal pure returns (uint64) {
        return uint64(PoolWord.unwrap(pool));
    }

    function committed(PoolWord pool) internal pure returns (uint64) {
        return uint64(PoolWord.unwrap(pool) >> 64);
    }

    function paid(PoolWord pool) internal pure returns (uint64) {
        return uint64(PoolWord.unwrap(pool) >> 128);
    }

    function free(PoolWord pool) internal pure returns (uint64) {
        return pool.funded() - pool.committed();
    }

    function withFunded(PoolWord pool, uint64 value) internal pure returns (PoolWord) {
        return _with(pool, value, 0);
    }

    function withCommitted(PoolWord pool, uint64 value) internal pure returns (PoolWord) {
        return _with(pool, value, 64);
    }

    function withPaid(PoolWord pool, uint64 value) internal pure returns (PoolWord) {
        return _with(pool, value, 128);
    }

    function _with(PoolWord pool, uint64 value, uint256 shift) private pure returns (PoolWord) {
        return PoolWord.wrap(PoolWord.unwrap(pool) & ~(uint256(type(uint64).max) << shift) | uint256(value) << shift);
    }
}
