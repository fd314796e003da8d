import Dispatch
import Foundation
import Media
import Prompting

// Images per second from JPEG files to patches, on all cores, as training decodes them; `Benchmarks/preprocess.sh` runs it.
//   PreprocessBenchmark MODEL_FOLDER SECONDS IMAGE...
let arguments = CommandLine.arguments
guard arguments.count > 3, let seconds = Double(arguments[2]) else {
    print("PreprocessBenchmark MODEL_FOLDER SECONDS IMAGE...")
    exit(2)
}
let limits = PixelLimits(minPixels: 32 * 32, maxPixels: 768 * 768)
let settings = try MediaSettings(
    modelFolder: arguments[1], imageLimits: limits, videoLimits: limits, sampling: VideoSampling(fps: 2, maxFrames: 128)
)
let images = arguments[3...].map { MediaSource.file(path: $0) }
let start = DispatchTime.now().uptimeNanoseconds
var numImages = 0
while Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 < seconds {
    let count = images.count * 16
    DispatchQueue.concurrentPerform(iterations: count) { index in
        do { _ = try settings.image.patches(of: images[index % images.count], limits: settings.imageLimits) } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }
    numImages += count
}
let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
print(String(format: "%.1f", Double(numImages) / elapsed))
