import CCairo
import Foundation

/// A picture being drawn: an RGB surface of cairo with the few operations the demo needs. Lengths are pixels, y points down.
final class Canvas {
    struct Point {
        var x: Double
        var y: Double
        init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// What fills a shape.
    enum Paint {
        case plain(Colour, alpha: Double = 1)
        /// From `start` to `end`, colours at 0...1.
        case linear(start: Point, end: Point, stops: [(Double, Colour)])
        /// Around `centre` out to `radius`, colour with alpha at 0...1.
        case radial(centre: Point, radius: Double, stops: [(Double, Colour, Double)])
    }

    let width: Int
    let height: Int
    let surface: OpaquePointer
    private let context: OpaquePointer

    /// A black picture of `width` x `height` pixels.
    init(width: Int, height: Int) throws {
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height)) else {
            throw DemoError("cairo made no surface of \(width) x \(height) pixels; is memory full?")
        }
        guard cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS, let context = cairo_create(surface) else {
            cairo_surface_destroy(surface)
            throw DemoError("cairo made no surface of \(width) x \(height) pixels; is memory full?")
        }
        self.width = width
        self.height = height
        self.surface = surface
        self.context = context
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// Runs `body` with the origin at `origin`, `scale` pixels a unit and the axes turned by `radians`.
    func at(_ origin: Point, scale: Double = 1, turned radians: Double = 0, _ body: () -> Void) {
        cairo_save(context)
        cairo_translate(context, origin.x, origin.y)
        cairo_rotate(context, radians)
        cairo_scale(context, scale, scale)
        body()
        cairo_restore(context)
    }

    func fillAll(_ paint: Paint) {
        use(paint)
        cairo_paint(context)
    }

    func fillPolygon(_ points: [Point], _ paint: Paint) {
        trace(points)
        fill(paint)
    }

    func strokePolygon(_ points: [Point], width: Double, _ colour: Colour, alpha: Double = 1) {
        trace(points)
        stroke(width: width, colour, alpha: alpha)
    }

    func fillRectangle(x: Double, y: Double, width: Double, height: Double, _ paint: Paint) {
        cairo_rectangle(context, x, y, width, height)
        fill(paint)
    }

    func fillEllipse(centre: Point, radiusX: Double, radiusY: Double, _ paint: Paint) {
        traceEllipse(centre: centre, radiusX: radiusX, radiusY: radiusY)
        fill(paint)
    }

    func strokeEllipse(
        centre: Point, radiusX: Double, radiusY: Double, width: Double, _ colour: Colour, alpha: Double = 1
    ) {
        traceEllipse(centre: centre, radiusX: radiusX, radiusY: radiusY)
        stroke(width: width, colour, alpha: alpha)
    }

    /// The area between an outer and an inner ellipse of the same centre.
    func fillEllipseBand(
        centre: Point, outer: (x: Double, y: Double), inner: (x: Double, y: Double), _ paint: Paint
    ) {
        cairo_new_path(context)
        traceEllipse(centre: centre, radiusX: outer.x, radiusY: outer.y)
        cairo_new_sub_path(context)
        traceEllipse(centre: centre, radiusX: inner.x, radiusY: inner.y)
        cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD)
        fill(paint)
        cairo_set_fill_rule(context, CAIRO_FILL_RULE_WINDING)
    }

    /// One open line through `points` with round ends.
    func strokeLine(_ points: [Point], width: Double, _ colour: Colour, alpha: Double = 1) {
        cairo_new_path(context)
        for point in points { cairo_line_to(context, point.x, point.y) }
        cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
        stroke(width: width, colour, alpha: alpha)
    }

    /// Draws `other` with its upper left corner at `origin`, `scale` times as large.
    func draw(_ other: Canvas, at origin: Point, scale: Double = 1) {
        at(origin, scale: scale) {
            cairo_set_source_surface(context, other.surface, 0, 0)
            cairo_paint(context)
        }
    }
}

extension Canvas {
    private func use(_ paint: Paint) {
        switch paint {
        case .plain(let colour, let alpha):
            cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, alpha)
        case .linear(let start, let end, let stops):
            let pattern = cairo_pattern_create_linear(start.x, start.y, end.x, end.y)
            for (offset, colour) in stops {
                cairo_pattern_add_color_stop_rgb(pattern, offset, colour.red, colour.green, colour.blue)
            }
            cairo_set_source(context, pattern)
            cairo_pattern_destroy(pattern)
        case .radial(let centre, let radius, let stops):
            let pattern = cairo_pattern_create_radial(centre.x, centre.y, 0, centre.x, centre.y, radius)
            for (offset, colour, alpha) in stops {
                cairo_pattern_add_color_stop_rgba(pattern, offset, colour.red, colour.green, colour.blue, alpha)
            }
            cairo_set_source(context, pattern)
            cairo_pattern_destroy(pattern)
        }
    }

    private func fill(_ paint: Paint) {
        use(paint)
        cairo_fill(context)
    }

    private func stroke(width: Double, _ colour: Colour, alpha: Double) {
        use(.plain(colour, alpha: alpha))
        cairo_set_line_width(context, width)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_stroke(context)
    }

    private func trace(_ points: [Point]) {
        cairo_new_path(context)
        for point in points { cairo_line_to(context, point.x, point.y) }
        cairo_close_path(context)
    }

    private func traceEllipse(centre: Point, radiusX: Double, radiusY: Double) {
        cairo_save(context)
        cairo_translate(context, centre.x, centre.y)
        cairo_scale(context, max(radiusX, 1e-6), max(radiusY, 1e-6))
        cairo_arc(context, 0, 0, 1, 0, 2 * Double.pi)
        cairo_restore(context)
        cairo_close_path(context)
    }
}
