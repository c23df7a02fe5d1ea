// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Slice} from "../interfaces/Records.sol";

// The marginal subsidy rule: W(x) = Σ (min(x, upToᵢ) − upToᵢ₋₁)⁺ · bpsᵢ, and what `cost` more earns on top of `base` is
// ⌊(W(base + cost) − W(base)) / 10,000⌋, so that splitting a cost gains nothing.
library SubsidyRule {
    function marginal(Slice[] storage slices, uint256 base, uint256 cost) internal view returns (uint256) {
        return (total(slices, base + cost) - total(slices, base)) / 10_000;
    }

    function total(Slice[] storage slices, uint256 cost) internal view returns (uint256 sum) {
        uint256 from = 0;
        for (uint256 i = 0; i < slices.length && from < cost; ++i) {
            Slice memory slice = slices[i];
            uint256 to = cost < slice.upTo ? cost : slice.upTo;
            sum += (to - from) * slice.bps;
            from = slice.upTo;
        }
    }
}
