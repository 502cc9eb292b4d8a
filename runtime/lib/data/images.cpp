// Folders of images, FOLDER/CLASS/*.png and *.jpg, by libpng and libjpeg-turbo.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "readers.h"

#include "rnet/core/atomic_file.h"

#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#include <stb/stb_image_resize.h>

#include <png.h>
#include <turbojpeg.h>

#include <filesystem>
#include <memory>
#include <numeric>

namespace rnet::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPixels = std::size_t(1) << 26; // no photograph is larger; a bomb may be

/// [height][width][channels], 1 channel (grey) or 3 (red, green, blue).
struct Picture {
  std::size_t height, width, channels;
  std::vector<std::uint8_t> values;
};

/// Decodes into `channels` channels. Refuses, by `check(height, width)`, before any pixel is read.
template <class Check>
Expected<Picture> decode_png(const std::string &bytes, std::size_t channels, const Check &check) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image *)> guard(&image, png_image_free);
  auto failed = [&] { return Status::error(std::string("is no good PNG: ") + image.message); };
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    return failed();
  if (Status status = check(image.height, image.width); !status.ok())
    return status;
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Picture picture{image.height, image.width, channels, {}};
  picture.values.resize(PNG_IMAGE_SIZE(image));
  const png_color black{0, 0, 0}; // behind what is transparent
  if (!png_image_finish_read(&image, &black, picture.values.data(), 0, nullptr) ||
      PNG_IMAGE_FAILED(image))
    return failed();
  return picture;
}

template <class Check>
Expected<Picture> decode_jpeg(const std::string &bytes, std::size_t channels, const Check &check) {
  const std::unique_ptr<void, int (*)(void *)> decoder(tjInitDecompress(), tjDestroy);
  auto failed = [&] {
    return Status::error(std::string("is no good JPEG: ") + tjGetErrorStr2(decoder.get()));
  };
  const auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
  int width = 0, height = 0, sampling = 0, space = 0;
  if (!decoder || tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &sampling,
                                      &space) != 0)
    return failed();
  if (width < 1 || height < 1)
    return Status::error("is no good JPEG: it ends before its image");
  Picture picture{static_cast<std::size_t>(height), static_cast<std::size_t>(width), channels, {}};
  if (Status status = check(picture.height, picture.width); !status.ok())
    return status;
  picture.values.resize(picture.height * picture.width * channels);
  if (tjDecompress2(decoder.get(), data, bytes.size(), picture.values.data(), width, 0, height,
                    channels == 1 ? TJPF_GRAY : TJPF_RGB,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0)
    return failed();
  return picture;
}

std::string extension(const fs::path &path) {
  std::string text = path.extension().string();
  for (char &c : text)
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

bool is_image(const fs::path &path) {
  const std::string end = extension(path);
  return end == ".png" || end == ".jpg" || end == ".jpeg";
}

/// Reads one image to `to`, [height][width][channels].
Status read_image(const fs::path &path, std::span<const std::size_t> shape, bool resize,
                  std::uint8_t *to) {
  auto fail = [&](const std::string &why) {
    return Status::error("'" + path.string() + "' " + why);
  };
  auto bytes = read_file(path.string());
  if (!bytes.ok())
    return bytes.status();
  auto check = [&](std::size_t height, std::size_t width) -> Status {
    const std::string size = std::to_string(width) + "x" + std::to_string(height) + " pixels";
    if (width > kMaxPixels / height)
      return Status::error("has " + size + ", more than are taken");
    if (!resize && (height != shape[0] || width != shape[1]))
      return Status::error("has " + size + "; the input needs " + std::to_string(shape[1]) + "x" +
                           std::to_string(shape[0]) + " (--resize makes all images so)");
    return {};
  };
  auto picture = extension(path) == ".png" ? decode_png(*bytes, shape[2], check)
                                           : decode_jpeg(*bytes, shape[2], check);
  if (!picture.ok())
    return fail(picture.message());
  if (picture->height == shape[0] && picture->width == shape[1]) {
    std::copy(picture->values.begin(), picture->values.end(), to);
    return {};
  }
  const auto size = [](std::size_t count) { return static_cast<int>(count); };
  if (!stbir_resize_uint8_generic(picture->values.data(), size(picture->width),
                                  size(picture->height), 0, to, size(shape[1]), size(shape[0]), 0,
                                  size(shape[2]), STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP,
                                  STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR, nullptr))
    return fail("cannot be resized: there is not enough memory");
  return {};
}

/// What lies in a folder and is not hidden, by name.
Expected<std::vector<fs::path>> list(const fs::path &folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (!it->path().filename().string().starts_with('.'))
      paths.push_back(it->path());
  if (error)
    return Status::error("cannot read folder '" + folder.string() + "': " + error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Folders of classes, in the order of the classes; one that is not there is empty.
Expected<std::vector<fs::path>> find_classes(const std::string &path,
                                             const OutputDescription &output, bool need_labels) {
  auto paths = list(path);
  if (!paths.ok())
    return paths;
  std::vector<fs::path> folders;
  for (const fs::path &entry : *paths) {
    if (std::error_code ignored; fs::is_directory(entry, ignored))
      folders.push_back(entry);
    else if (is_image(entry))
      return Status::error("'" + entry.string() +
                           "' is in no folder of a class; expected FOLDER/CLASS/IMAGE");
  }
  if (folders.empty())
    return Status::error("'" + path +
                         "' has no folders of classes; expected FOLDER/CLASS/*.png or "
                         "*.jpg, or the files of CIFAR-10");
  if (output.class_names.empty()) {
    if (need_labels && folders.size() != output.width)
      return Status::error("'" + path + "' has folders of " + std::to_string(folders.size()) +
                           " classes; output '" + std::string(output.name) + "' has " +
                           std::to_string(output.width));
    return folders;
  }
  std::vector<fs::path> ordered(output.class_names.size());
  std::string known;
  for (std::string_view name : output.class_names)
    known += (known.empty() ? "" : ", ") + std::string(name);
  for (const fs::path &folder : folders) {
    const auto found =
        std::find(output.class_names.begin(), output.class_names.end(), folder.filename().string());
    if (found == output.class_names.end())
      return Status::error("'" + folder.string() + "' is the folder of no class; the classes are " +
                           known);
    ordered[static_cast<std::size_t>(found - output.class_names.begin())] = folder;
  }
  return ordered;
}

} // namespace

Expected<Dataset> read_image_folder(const std::string &path, const NetworkDescription &network,
                                    bool resize, bool need_labels) {
  const InputDescription &input = network.inputs[0];
  const auto &shape = input.shape;
  if (network.inputs.size() != 1 || shape.size() != 3 || (shape[2] != 1 && shape[2] != 3))
    return Status::error(
        "'" + path +
        "' is a folder of images, one input of shape [height, width, 3] or [height, width, 1]; "
        "network '" +
        std::string(network.name) + "' has " +
        (network.inputs.size() == 1
             ? "input '" + std::string(input.name) + "' of shape " + describe(shape)
             : std::to_string(network.inputs.size()) + " inputs"));
  auto classes = find_classes(path, network.outputs[0], need_labels);
  if (!classes.ok())
    return classes.status();
  Dataset dataset;
  std::vector<std::uint8_t> values;
  for (std::size_t k = 0; k < classes->size(); ++k) {
    if ((*classes)[k].empty())
      continue;
    auto images = list((*classes)[k]);
    if (!images.ok())
      return images.status();
    if (images->empty())
      return Status::error("'" + (*classes)[k].string() + "' is empty; expected images");
    for (const fs::path &image : *images) {
      if (!is_image(image))
        return Status::error("'" + image.string() + "' is neither .png, .jpg nor .jpeg");
      values.resize(values.size() + input.width);
      if (Status status =
              read_image(image, shape, resize, values.data() + values.size() - input.width);
          !status.ok())
        return status;
      dataset.labels.push_back(static_cast<std::int32_t>(k));
      ++dataset.rows;
    }
  }
  dataset.inputs.push_back({input.width, std::move(values)});
  return dataset;
}

} // namespace rnet::data
