// swift-tools-version: 6.2
import PackageDescription

// LibTorch lies in .deps/torch: Tools/bootstrap.sh unpacks it there from PyPI's `torch` wheel.
let torch = "\(Context.packageDirectory)/.deps/torch"
// Warnings are errors in CI only, so that a newer compiler never keeps a user from building.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]
let swift: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strict

/// One floor of the house: `name` may import only what stands in `uses`.
func module(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: swift)
}

func tests(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + uses, resources: [.copy("Fixtures")], swiftSettings: swift)
}

func systemLibrary(_ name: String, _ pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "anneal",
    products: [.executable(name: "anneal", targets: ["Anneal"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C and C++ behind C headers.
        .target(
            name: "CTorch",
            cxxSettings: [
                .unsafeFlags([
                    "-isystem", "\(torch)/include", "-isystem", "\(torch)/include/torch/csrc/api/include",
                    "-O3", "-Wno-deprecated-declarations", "-Wno-psabi", "-Wno-nullability-completeness",
                    // The wheel is built by GCC; newer clang mangles constrained templates differently.
                    "-fclang-abi-compat=17",
                ])
            ],
            linkerSettings: [
                .unsafeFlags([
                    "-L\(torch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(torch)/lib",
                ]),
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]),
        .target(
            name: "CMedia", dependencies: ["CJPEG", "CPNG", "CWebP", "CFFmpeg"], cSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("m")]),
        systemLibrary("CJPEG", "libjpeg", apt: "libjpeg62-turbo-dev"),
        systemLibrary("CPNG", "libpng", apt: "libpng-dev"),
        systemLibrary("CWebP", "libwebpdemux", apt: "libwebp-dev"),
        // Headers only: CMedia loads the libraries at first use, for they bring a hundred others along.
        .systemLibrary(name: "CFFmpeg", providers: [.apt(["libavformat-dev", "libswscale-dev"])]),
        systemLibrary("CCairo", "cairo", apt: "libcairo2-dev"),

        // The house, bottom floor first.
        module("JSON"),
        module("Torch", uses: ["CTorch"]),
        module("NN", uses: ["Torch"]),
        module("Models", uses: ["Torch", "NN"]),
        module("RunConfig", uses: ["Yams"]),
        module("Media", uses: ["CMedia"]),
        module("Prompting", uses: ["JSON", "Media"]),
        module("Datasets", uses: ["JSON", "Prompting", "Media"]),
        module("Reporting", uses: ["JSON", "CCairo"]),
        module("Demo", uses: ["JSON", "CCairo", "CPNG"]),
        module("Training", uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting"]),
        module("Inference", uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting"]),
        .executableTarget(
            name: "Anneal",
            dependencies: [
                "JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Training", "Inference", "Demo",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),

        tests("JSON"),
        tests("Torch"),
        tests("NN", uses: ["Torch"]),
        tests("Models", uses: ["Torch", "NN"]),
        tests("RunConfig"),
        tests("Media"),
        tests("Prompting", uses: ["JSON", "Media"]),
        tests("Datasets", uses: ["JSON", "Prompting", "Media"]),
        tests("Reporting", uses: ["JSON"]),
        tests("Demo", uses: ["Prompting", "RunConfig"]),
        tests("Training", uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting"]),
        // The executable is run as users run it.
        tests("Inference", uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Anneal"]),
    ],
    cxxLanguageStandard: .cxx20
)
