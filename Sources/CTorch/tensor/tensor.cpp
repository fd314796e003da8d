// Lifetime, creation and access.
#include "composed/composed.hpp"
#include "ctorch_device.h"

using namespace ctorch;

namespace {
at::IntArrayRef shape_of(const int64_t *shape, int32_t rank) { return at::IntArrayRef(shape, static_cast<size_t>(rank)); }
at::TensorOptions on_cpu(int32_t dtype) { return at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)); }
at::TensorOptions options(int32_t dtype) { return on_cpu(dtype).device(default_device()); }
}  // namespace

extern "C" {
void ct_free(ct_optional tensor) {
    if (!tensor) return;
    at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(reinterpret_cast<at::TensorImpl *>(tensor)));
}
ct_optional ct_retain(ct_optional tensor) { return tensor ? give(borrow(tensor)) : nullptr; }

ct_optional ct_empty(const int64_t *shape, int32_t rank, int32_t dtype) {
    return guarded_tensor("empty", [&] { return at::empty(shape_of(shape, rank), options(dtype)); });
}
ct_optional ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype) {
    return guarded_tensor("full", [&] { return at::full(shape_of(shape, rank), value, options(dtype)); });
}
ct_optional ct_arange(double start, double end, double step, int32_t dtype) {
    return guarded_tensor("arange", [&] { return at::arange(start, end, step, options(dtype)); });
}
ct_optional ct_from_memory(const void *data, const int64_t *shape, int32_t rank, int32_t dtype) {
    return guarded_tensor("from_memory", [&] {
        return upload(at::from_blob(const_cast<void *>(data), shape_of(shape, rank), on_cpu(dtype)), default_device());
    });
}
ct_optional ct_wrap_memory(void *data, const int64_t *shape, int32_t rank, int32_t dtype, void (*release)(void *), void *context) {
    return guarded_tensor("wrap_memory", [&] {
        return at::from_blob(data, shape_of(shape, rank), [release, context](void *) { release(context); }, on_cpu(dtype));
    });
}
int32_t ct_rank(ct_optional t) { return t ? static_cast<int32_t>(borrow(t).dim()) : 0; }
int64_t ct_size(ct_optional t, int32_t dim) {
    return t ? guarded<int64_t>("size", 0, [&] { return borrow(t).size(dim); }) : 0;
}
int64_t ct_numel(ct_optional t) { return t ? borrow(t).numel() : 0; }
int32_t ct_dtype(ct_optional t) { return t ? static_cast<int32_t>(borrow(t).scalar_type()) : CT_F32; }
bool ct_is_contiguous(ct_optional t) { return t && borrow(t).is_contiguous(); }
void *ct_data(ct_optional t) {
    return t ? guarded<void *>("data", nullptr, [&] {
        TORCH_CHECK(borrow(t).is_cpu(), "the memory of a tensor on ", borrow(t).device(), " cannot be read here");
        return borrow(t).data_ptr();
    }) : nullptr;
}
double ct_item(ct_optional t) {
    return t ? guarded<double>("item", 0, [&] { return borrow(t).item().toDouble(); }) : 0;
}
bool ct_all_finite(ct_optional t) {
    return t && guarded<bool>("all_finite", false, [&] { return at::isfinite(borrow(t)).all().item<bool>(); });
}
}
