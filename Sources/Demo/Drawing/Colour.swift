import Foundation

/// Red, green and blue in 0...1.
struct Colour: Sendable, Equatable {
    var red: Double
    var green: Double
    var blue: Double

    static let white = Colour(red: 1, green: 1, blue: 1)
    static let black = Colour(red: 0, green: 0, blue: 0)

    init(red: Double, green: Double, blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// `hue` in turns (any real), `saturation` and `value` in 0...1.
    init(hue: Double, saturation: Double, value: Double) {
        func channel(_ offset: Double) -> Double {
            let turn = (offset + hue * 6).truncatingRemainder(dividingBy: 6)
            let place = turn < 0 ? turn + 6 : turn
            return value - value * saturation * max(0, min(place, 4 - place, 1))
        }
        self.init(red: channel(5), green: channel(3), blue: channel(1))
    }

    /// This colour moved towards `other` by `fraction` in 0...1.
    func mixed(with other: Colour, _ fraction: Double) -> Colour {
        Colour(
            red: red + (other.red - red) * fraction,
            green: green + (other.green - green) * fraction,
            blue: blue + (other.blue - blue) * fraction)
    }

    func lighter(_ fraction: Double) -> Colour { mixed(with: .white, fraction) }
    func darker(_ fraction: Double) -> Colour { mixed(with: .black, fraction) }
}
