import Basics
import CCairo
import Glibc

/// A white picture to draw on; lengths are in points, and a pixel is half a point so that text stays sharp.
final class Canvas {
    /// Where a text stands relative to its position.
    enum Anchor { case left, center, right }

    let width: Double
    let height: Double
    private let surface: OpaquePointer
    private let context: OpaquePointer

    private static let pixelsPerPoint = 2.0

    init(width: Double, height: Double) throws(FileError) {
        self.width = width
        self.height = height
        let scale = Self.pixelsPerPoint
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width * scale), Int32(height * scale)),
            cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS, let context = cairo_create(surface)
        else {
            throw FileError("chart", "a picture of \(width) x \(height) points cannot be made.")
        }
        self.surface = surface
        self.context = context
        cairo_scale(context, scale, scale)
        fill(x: 0, y: 0, width: width, height: height, .white)
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// Writes the picture as a PNG file, atomically.
    func writePNG(to path: String) throws(FileError) {
        var bytes: [UInt8] = []
        let status = withUnsafeMutablePointer(to: &bytes) { pointer in
            cairo_surface_write_to_png_stream(
                surface,
                { closure, data, count in
                    guard let data, let target = closure?.assumingMemoryBound(to: [UInt8].self) else {
                        return CAIRO_STATUS_WRITE_ERROR
                    }
                    target.pointee.append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
                    return CAIRO_STATUS_SUCCESS
                }, pointer)
        }
        guard status == CAIRO_STATUS_SUCCESS else {
            throw FileError(path, String(cString: cairo_status_to_string(status)))
        }
        try AtomicFile.write(bytes, to: path)
    }

    // MARK: Shapes

    func fill(x: Double, y: Double, width: Double, height: Double, _ color: ChartColor, radius: Double = 0) {
        set(color)
        path(x: x, y: y, width: width, height: height, radius: radius)
        cairo_fill(context)
    }

    func stroke(
        x: Double, y: Double, width: Double, height: Double, _ color: ChartColor, lineWidth: Double = 1,
        radius: Double = 0
    ) {
        set(color)
        cairo_set_line_width(context, lineWidth)
        path(x: x, y: y, width: width, height: height, radius: radius)
        cairo_stroke(context)
    }

    func dot(x: Double, y: Double, radius: Double, _ color: ChartColor) {
        set(color)
        cairo_new_path(context)
        cairo_arc(context, x, y, radius, 0, 2 * .pi)
        cairo_fill(context)
    }

    func line(_ points: [(x: Double, y: Double)], _ color: ChartColor, width: Double = 1, dashes: [Double] = []) {
        guard let first = points.first else { return }
        set(color)
        cairo_set_line_width(context, width)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
        cairo_set_dash(context, dashes, Int32(dashes.count), 0)
        cairo_new_path(context)
        cairo_move_to(context, first.x, first.y)
        for point in points.dropFirst() { cairo_line_to(context, point.x, point.y) }
        cairo_stroke(context)
        cairo_set_dash(context, nil, 0, 0)
    }

    /// Runs `draw` with everything outside the rectangle kept as it is.
    func clipped(x: Double, y: Double, width: Double, height: Double, _ draw: () -> Void) {
        cairo_save(context)
        cairo_rectangle(context, x, y, width, height)
        cairo_clip(context)
        draw()
        cairo_restore(context)
    }

    // MARK: Text

    /// Draws one line of text whose middle height is at `y`.
    func text(
        _ text: String, x: Double, y: Double, size: Double, _ color: ChartColor = .text, anchor: Anchor = .left,
        bold: Bool = false, upwards: Bool = false
    ) {
        // One height for all runs, whatever font draws them.
        select(FontChoice.standardFamily, size: size, bold: bold)
        var font = cairo_font_extents_t()
        cairo_font_extents(context, &font)
        let runs = FontChoice.runs(of: text)
        let width = runs.reduce(0) { $0 + self.width(of: $1, size: size, bold: bold) }
        set(color)
        cairo_save(context)
        cairo_translate(context, x, y)
        if upwards { cairo_rotate(context, -.pi / 2) }
        cairo_move_to(
            context, anchor == .left ? 0 : anchor == .center ? -width / 2 : -width, (font.ascent - font.descent) / 2)
        for run in runs {
            select(run.family, size: size, bold: bold)
            cairo_show_text(context, run.text)  // moves on to the run's end
        }
        cairo_restore(context)
    }

    /// Width of a text in points.
    func width(of text: String, size: Double, bold: Bool = false) -> Double {
        FontChoice.runs(of: text).reduce(0) { $0 + width(of: $1, size: size, bold: bold) }
    }

    /// The text, or its beginning and an ellipsis where it is wider than `limit` points.
    func shortened(_ text: String, size: Double, limit: Double, bold: Bool = false) -> String {
        if width(of: text, size: size, bold: bold) <= limit { return text }
        var short = text
        while !short.isEmpty && width(of: short + "…", size: size, bold: bold) > limit { short.removeLast() }
        return short + "…"
    }

    private func width(of run: FontChoice.Run, size: Double, bold: Bool) -> Double {
        select(run.family, size: size, bold: bold)
        var extents = cairo_text_extents_t()
        cairo_text_extents(context, run.text, &extents)
        return extents.x_advance
    }

    private func select(_ family: String, size: Double, bold: Bool) {
        cairo_select_font_face(
            context, family, CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, size)
    }

    private func set(_ color: ChartColor) {
        cairo_set_source_rgba(context, color.red, color.green, color.blue, color.opacity)
    }

    private func path(x: Double, y: Double, width: Double, height: Double, radius: Double) {
        cairo_new_path(context)
        if radius == 0 {
            cairo_rectangle(context, x, y, width, height)
            return
        }
        cairo_arc(context, x + width - radius, y + radius, radius, -.pi / 2, 0)
        cairo_arc(context, x + width - radius, y + height - radius, radius, 0, .pi / 2)
        cairo_arc(context, x + radius, y + height - radius, radius, .pi / 2, .pi)
        cairo_arc(context, x + radius, y + radius, radius, .pi, 1.5 * .pi)
        cairo_close_path(context)
    }
}
