import Foundation
import Media
import Prompting

/// Decoded media: those of the step being made, and of earlier steps while they fit, so that small data sets are decoded
/// once, large ones every epoch.
/// `@unchecked`: the tables are only touched under `lock`.
final class PatchCache: @unchecked Sendable {
    private let lock = NSLock()
    private var images: [MediaSource: ImagePatches] = [:]
    private var videos: [MediaSource: VideoPatches] = [:]
    private var stepImages: [MediaSource: ImagePatches] = [:]
    private var stepVideos: [MediaSource: VideoPatches] = [:]
    private var bytes = 0
    private let capacityBytes: Int

    init(capacityBytes: Int = 1 << 30) { self.capacityBytes = capacityBytes }

    func image(_ source: MediaSource, _ settings: MediaSettings) throws -> ImagePatches {
        if let known = lock.withLock({ images[source] ?? stepImages[source] }) { return known }
        let patches = try settings.image.patches(of: source, limits: settings.imageLimits)
        lock.withLock {
            if keeps(patches.values.count * 4) { images[source] = patches } else { stepImages[source] = patches }
        }
        return patches
    }

    func video(_ source: MediaSource, _ settings: MediaSettings) throws -> VideoPatches {
        if let known = lock.withLock({ videos[source] ?? stepVideos[source] }) { return known }
        let video = try settings.video.patches(
            ofVideo: source, sampling: settings.sampling, limits: settings.videoLimits)
        lock.withLock {
            if keeps(video.patches.values.count * 4) { videos[source] = video } else { stepVideos[source] = video }
        }
        return video
    }

    /// Lets go of what was decoded for a step only.
    func forgetStep() {
        lock.withLock {
            stepImages = [:]
            stepVideos = [:]
        }
    }

    private func keeps(_ size: Int) -> Bool {
        guard bytes + size <= capacityBytes else { return false }
        bytes += size
        return true
    }
}
