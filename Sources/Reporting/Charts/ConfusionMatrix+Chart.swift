public import Basics

extension ConfusionMatrix {
    /// Draws the matrix as PNG: counts, shares of the true class, recall beside each row.
    /// - Returns: a line for the user when no installed font has the characters of the class names; the picture then shows
    ///   numbers, which the line explains. Nil when all is well.
    public func writeChart(to path: String, title: String = "Confusion matrix") throws(FileError) -> String? {
        let isDrawable = classes.allSatisfy { FontChoice(for: $0).isComplete }
        let names = isDrawable ? classes : classes.indices.map { String($0 + 1) }
        let hasInvalid = numInvalid.contains { $0 > 0 }
        let numColumns = classes.count + (hasInvalid ? 1 : 0)
        let cell = max(26.0, min(120.0, 560 / Double(max(1, numColumns))))
        let measure = try Canvas(width: 10, height: 10)
        let nameWidth = min(170, names.map { measure.width(of: $0, size: 13) }.max() ?? 0)
        let left = 64 + nameWidth
        let top = 64.0
        let canvas = try Canvas(
            width: max(420, left + cell * Double(numColumns) + 96), height: top + cell * Double(classes.count) + 84)

        canvas.text(
            canvas.shortened(title, size: 15, limit: canvas.width - 40, bold: true), x: canvas.width / 2, y: 26,
            size: 15,
            anchor: .center, bold: true)
        let numRight = classes.indices.reduce(0) { $0 + counts[$1][$1] }
        canvas.text(
            "\(numRight) of \(total) right (\(shareText(accuracy)))", x: canvas.width / 2, y: 46, size: 11.5,
            .faintText, anchor: .center)
        let bottom = top + cell * Double(classes.count)
        for row in classes.indices {
            let y = top + cell * (Double(row) + 0.5)
            canvas.text(
                canvas.shortened(names[row], size: 13, limit: nameWidth), x: left - 10, y: y, size: 13, anchor: .right)
            let numCases = counts[row].reduce(0, +) + numInvalid[row]
            for column in 0..<numColumns {
                let count = column < classes.count ? counts[row][column] : numInvalid[row]
                draw(
                    count, share: numCases == 0 ? 0 : Double(count) / Double(numCases), isRight: row == column,
                    x: left + cell * Double(column), y: top + cell * Double(row), size: cell, on: canvas)
            }
            canvas.text(
                "\(shareText(recall(row)))", x: left + cell * Double(numColumns) + 12, y: y, size: 12, .faintText)
        }
        canvas.text("recall", x: left + cell * Double(numColumns) + 12, y: top - 10, size: 11, .faintText)
        for column in 0..<numColumns {
            let name = column < names.count ? names[column] : "(other)"
            canvas.text(
                canvas.shortened(name, size: 13, limit: cell - 4), x: left + cell * (Double(column) + 0.5),
                y: bottom + 18,
                size: 13, anchor: .center)
        }
        canvas.text(
            "prediction", x: left + cell * Double(numColumns) / 2, y: bottom + 48, size: 12.5, .faintText,
            anchor: .center)
        canvas.text("truth", x: 24, y: (top + bottom) / 2, size: 12.5, .faintText, anchor: .center, upwards: true)
        try canvas.writePNG(to: path)
        if isDrawable { return nil }
        let legend = zip(names, classes).map { "\($0) = \($1)" }.joined(separator: ", ")
        return "\(path): no installed font has the characters of these class names, so it shows numbers: \(legend). "
            + "Install a font that has them (Debian: fonts-noto-cjk)."
    }

    private func draw(
        _ count: Int, share: Double, isRight: Bool, x: Double, y: Double, size: Double, on canvas: Canvas
    ) {
        // What is right is blue, what is wrong orange; the deeper, the larger its share of the row.
        let color = isRight ? ChartColor.blue : ChartColor.orange
        canvas.fill(
            x: x + 1, y: y + 1, width: size - 2, height: size - 2,
            count == 0 ? ChartColor(0xF5F6F8) : color.tint(0.12 + 0.8 * share),
            radius: 3)
        let ink = share > 0.55 ? ChartColor.white : count == 0 ? .faintText : .text
        let number = String(count)
        if size < 52 {
            if canvas.width(of: number, size: 10) < size - 4 {
                canvas.text(number, x: x + size / 2, y: y + size / 2, size: 10, ink, anchor: .center)
            }
            return
        }
        canvas.text(number, x: x + size / 2, y: y + size / 2 - 8, size: 16, ink, anchor: .center, bold: true)
        canvas.text(shareText(share), x: x + size / 2, y: y + size / 2 + 13, size: 11, ink, anchor: .center)
    }

    private func shareText(_ share: Double) -> String { share.isNaN ? "-" : Python.format(share * 100, "%.1f") + "%" }
}
