public import ArgumentParser
public import DataTools
import Foundation
import Media

struct DataImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "Resizes, crops and converts the images of a folder, on all cores.",
        discussion: """
            anneal data images input output --scale 0.5 --crop 500x500+0+0
            anneal data images photos small --max-pixels 589824 --format jpg
            anneal data images photos squares --size 448x448 --fit cover

            Names and tree stay; the originals are never touched. Images are resized first, then cropped. As in training, a \
            camera's note about rotation is not followed. Exit status 1 when an image cannot be read.
            """)

    @Argument(help: "A folder of images, or one image.")
    var input: String

    @Argument(help: "The folder to write to.")
    var output: String

    @Option(help: "Multiply width and height.")
    var scale: Double?

    @Option(help: "Resize to WIDTHxHEIGHT; see --fit.")
    var size: String?

    @Option(help: "How --size is reached: contain (within it), cover (over it, the rest cut off), stretch.")
    var fit: ImageEdit.Fit = .contain

    @Option(help: "Shrink larger images to at most so many pixels.")
    var maxPixels: Int?

    @Option(help: "Keep a part: WIDTHxHEIGHT of the middle, or WIDTHxHEIGHT+LEFT+TOP.")
    var crop: String?

    @Option(help: "Write jpg, png or webp; without it each file keeps its type.")
    var format: ImageEdit.Format?

    @Option(help: "Quality of jpg and webp, 1 to 100.")
    var quality = 90

    @Option(help: "Images at once; one for each core when not given.")
    var jobs: Int?

    @Flag(help: "Write images anew that are in the output folder already.")
    var overwrite = false

    private func edit() throws -> ImageEdit {
        var edit = ImageEdit()
        if let scale {
            guard scale > 0, scale <= 100 else {
                throw ValidationError("--scale \(scale): write a number above 0, such as 0.5")
            }
            edit.scale = scale
        }
        if let size {
            guard let value = ImageEdit.size(size) else {
                throw ValidationError("--size \(size): write WIDTHxHEIGHT, such as 448x448")
            }
            edit.size = value
        }
        if let crop {
            guard let value = ImageEdit.Crop(crop) else {
                throw ValidationError(
                    "--crop \(crop): write WIDTHxHEIGHT or WIDTHxHEIGHT+LEFT+TOP, such as 500x500+0+0")
            }
            edit.crop = value
        }
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels \(maxPixels): write a number above 0") }
        guard (1...100).contains(quality) else { throw ValidationError("--quality \(quality): write 1 to 100") }
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): write a number above 0") }
        edit.fit = fit
        edit.maxPixels = maxPixels
        edit.format = format
        edit.quality = quality
        return edit
    }

    func validate() throws { _ = try edit() }

    func run() throws {
        let result = try ImageBatch(input: input, output: output, edit: edit()).run(overwrites: overwrite, jobs: jobs)
        for failure in result.failures { FileHandle.standardError.write(Data("\(failure)\n".utf8)) }
        var parts = ["\(result.numWritten) images written to \(output)"]
        if result.numSkipped > 0 {
            parts.append("\(result.numSkipped) were there already (--overwrite writes them anew)")
        }
        if result.numOthers > 0 { parts.append("\(result.numOthers) other files left alone") }
        if !result.failures.isEmpty { parts.append("\(result.failures.count) failed") }
        print(parts.joined(separator: ", "))
        if !result.failures.isEmpty { throw ExitCode(1) }
    }
}

extension ImageEdit.Fit: ExpressibleByArgument {}
extension ImageEdit.Format: ExpressibleByArgument {}
