import Foundation
import RunConfig
import Testing

@testable import Training

/// The formulas of the preference losses, against values worked out with numpy in double precision
/// (Tools/fixtures/pair_losses.py) and against their own differences.
struct PairLossTests {
    struct Case: Decodable {
        let loss: String
        let beta: Double
        let smoothing: Double
        let gamma: Double
        let c: Double
        let r: Double
        let divergences: [Double]
        let value: Double
    }

    @Test func `every loss has the value of its formula`() throws {
        let cases = try read([Case].self, "\(Place.fixtures)/preference/pair_losses.json")
        var seen: Set<PreferenceLoss> = []
        for item in cases {
            let kind = try #require(PreferenceLoss(rawValue: item.loss))
            let loss = PairLoss(kind, beta: item.beta, smoothing: item.smoothing, gamma: item.gamma)
            let result = loss(
                Dual(item.c, chosen: 1), Dual(item.r, rejected: 1),
                divergences: (item.divergences[0], item.divergences[1]))
            #expect(abs(result.value - item.value) <= 1e-11 * max(1, abs(item.value)), "\(item)")
            seen.insert(kind)
        }
        #expect(seen == Set(PreferenceLoss.allCases) && cases.count > 80)
    }

    @Test(arguments: PreferenceLoss.allCases)
    func `the derivatives are those of the value`(_ kind: PreferenceLoss) {
        let loss = PairLoss(kind, beta: 0.3, smoothing: 0.1, gamma: 0.7), step = 1e-6
        for (c, r) in [(-0.4, -1.1), (-2.5, -0.3), (-0.2, -0.2), (-1.0, -9.0)] {
            func value(_ c: Double, _ r: Double) -> Double { loss(Dual(c), Dual(r), divergences: (0.1, 0.2)).value }
            let result = loss(Dual(c, chosen: 1), Dual(r, rejected: 1), divergences: (0.1, 0.2))
            let slopes = (
                (value(c + step, r) - value(c - step, r)) / (2 * step),
                (value(c, r + step) - value(c, r - step)) / (2 * step)
            )
            #expect(abs(result.chosen - slopes.0) < 1e-7 && abs(result.rejected - slopes.1) < 1e-7)
        }
    }

    @Test func `large margins stay finite`() {
        for kind in PreferenceLoss.allCases where kind != .orpo {
            for margin in [-1e4, 1e4] {
                let result = PairLoss(kind, beta: 1)(Dual(margin, chosen: 1), Dual(0, rejected: 1))
                #expect(result.value.isFinite && result.chosen.isFinite && result.rejected.isFinite, "\(kind)")
            }
        }
    }
}
