// Reads Parquet and Arrow files with Apache Arrow's C++ library. Tools/bootstrap.sh builds this file as a library of its own,
// libanneal_arrow.so beside Arrow's, which loader.c opens. No exception leaves it, whatever a file holds.
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "include/carrow.h"

namespace {

using arrow::Result;
using arrow::Status;

/// What one file may hold in memory at a time; a length in a damaged file is refused instead of allocated.
constexpr int64_t kMemoryLimit = int64_t{4} << 30;

arrow::MemoryPool *limited_pool() {
    static arrow::CappedMemoryPool pool(arrow::system_memory_pool(), kMemoryLimit);
    return &pool;
}

/// Runs `body`; an exception becomes a status.
template <typename Body>
Status guarded(Body &&body) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return Status::OutOfMemory("a length in the file asks for more memory than there is");
    } catch (const std::exception &error) {
        return Status::Invalid(error.what());
    } catch (...) {
        return Status::UnknownError("an unknown error");
    }
}

/// Batches of any of the formats, each checked before it goes out: nothing behind this line may trust a file's offsets.
class CheckedReader : public arrow::RecordBatchReader {
public:
    using Next = std::function<Status(std::shared_ptr<arrow::RecordBatch> *)>;

    CheckedReader(std::shared_ptr<arrow::Schema> schema, Next next) : schema_(std::move(schema)), next_(std::move(next)) {}

    std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

    Status ReadNext(std::shared_ptr<arrow::RecordBatch> *batch) override {
        return guarded([&]() -> Status {
            ARROW_RETURN_NOT_OK(next_(batch));
            return *batch ? (*batch)->ValidateFull() : Status::OK();
        });
    }

private:
    std::shared_ptr<arrow::Schema> schema_;
    Next next_;
};

using Opened = Result<std::shared_ptr<arrow::RecordBatchReader>>;

Opened open_parquet(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t batch_rows) {
    parquet::ReaderProperties properties(limited_pool());
    properties.enable_buffered_stream();  // pages one after another instead of a whole column chunk
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_batch_size(batch_rows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file, properties));
    std::unique_ptr<parquet::arrow::FileReader> opened;
    ARROW_RETURN_NOT_OK(builder.memory_pool(limited_pool())->properties(arrow_properties)->Build(&opened));
    std::shared_ptr<parquet::arrow::FileReader> reader = std::move(opened);
    // Run lengths are a few bytes for any number of rows, so a small file can claim rows without end.
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    const int64_t rows = reader->parquet_reader()->metadata()->num_rows();
    if (rows < 0 || rows > std::max<int64_t>(1'000'000, size)) {
        return Status::Invalid("it claims ", rows, " rows in ", size, " bytes");
    }
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::RecordBatchReader> read, reader->GetRecordBatchReader());
    std::shared_ptr<arrow::RecordBatchReader> batches = std::move(read);
    return std::make_shared<CheckedReader>(
        schema, [reader, batches](std::shared_ptr<arrow::RecordBatch> *batch) { return batches->ReadNext(batch); });
}

Opened open_arrow_file(std::shared_ptr<arrow::io::RandomAccessFile> file, const arrow::ipc::IpcReadOptions &options) {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
    auto index = std::make_shared<int>(0);
    return std::make_shared<CheckedReader>(
        reader->schema(), [reader, index](std::shared_ptr<arrow::RecordBatch> *batch) -> Status {
            if (*index >= reader->num_record_batches()) {
                batch->reset();
                return Status::OK();
            }
            return reader->ReadRecordBatch((*index)++).Value(batch);
        });
}

Opened open_arrow_stream(std::shared_ptr<arrow::io::RandomAccessFile> file, const arrow::ipc::IpcReadOptions &options) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::RecordBatchReader> reader, arrow::ipc::RecordBatchStreamReader::Open(file, options));
    return std::make_shared<CheckedReader>(
        reader->schema(), [reader](std::shared_ptr<arrow::RecordBatch> *batch) { return reader->ReadNext(batch); });
}

Opened open_any(const std::string &path, int64_t batch_rows) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::io::RandomAccessFile> file, arrow::io::ReadableFile::Open(path, limited_pool()));
    char head[6] = {};
    ARROW_ASSIGN_OR_RAISE(const int64_t count, file->Read(sizeof head, head));
    ARROW_RETURN_NOT_OK(file->Seek(0));
    const auto starts = [&](const char *magic) {
        const size_t length = std::strlen(magic);
        return count >= static_cast<int64_t>(length) && std::memcmp(head, magic, length) == 0;
    };
    if (starts("PAR1")) return open_parquet(file, batch_rows);
    if (starts("PARE")) return Status::Invalid("it is encrypted");
    if (starts("FEA1")) return Status::Invalid("it is of Feather's first version: write it anew with a current Arrow");
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = limited_pool();
    options.use_threads = false;
    return starts("ARROW1") ? open_arrow_file(file, options) : open_arrow_stream(file, options);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int anneal_arrow_open(
    const char *path, int64_t batch_rows, ArrowArrayStream *stream, carrow_message *message) {
    const Status status = guarded([&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto reader, open_any(path, batch_rows));
        return arrow::ExportRecordBatchReader(reader, stream);
    });
    if (status.ok()) return CARROW_OK;
    std::snprintf(message->text, sizeof message->text, "%s", status.message().c_str());
    return CARROW_FAILED;
}
