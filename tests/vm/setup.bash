# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What tests/vm/run keeps in its cache: kernels, each with the initramfs of its modules, and the image of the
# guest's packages. All of it comes from the Debian mirror that the machine's own apt uses, through a private
# apt state, so that the machine's configuration and lists stay as they are. Nothing here needs root.
#
# A folder of the cache carries in its name the hash of what it was made from; its presence says that it is
# complete. Uses from the caller: $vm_dir, $cache, progress(), give_up(); a folder in $work is removed at the
# end.

lists=(packages.list)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The kernel's modules that the initramfs loads, in this order; a kernel may have some of them built in.
modules=(
    virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
    virtio_blk virtio_console squashfs
)

# vm_key FILE...: a short hash of what the files say.
vm_key() {
    cat "$@" | sha256sum | cut -c1-12
}

# vm_apt SUITES TOOL ARGUMENTS...: apt-get or apt-cache in the private state for SUITES (release or
# backports).
vm_apt() {
    local state=$cache/apt-$1 tool=$2
    shift 2
    "$tool" -q -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false "$@"
}

# vm_sources SUITES: sources.list lines for the release the machine runs, at the mirrors the machine uses for
# it.
vm_sources() {
    local codename options=
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    [ -z "$codename" ] || [ ! -e "$keyring" ] || options="[signed-by=$keyring] "
    apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' |
        awk -v codename="$codename" -v suites="$1" -v options="$options" '
            $3 != "main" { next }
            suites == "backports" && $2 == codename { print "deb " options $1, codename "-backports main" }
            suites == "release" && index($2, codename) == 1 && $2 !~ /backports/ {
                print "deb " options $1, $2, "main"
            }
        ' | sort -u
}

# vm_apt_update SUITES: make or refresh the private apt state. Prints apt's complaints and fails if that
# cannot be.
vm_apt_update() {
    local state=$cache/apt-$1
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/debs"
    : >"$state/status"
    vm_sources "$1" >"$state/sources.list"
    [ -s "$state/sources.list" ] || {
        echo "the machine's apt has no Debian sources to derive the suite from"
        return 1
    }
    vm_apt "$1" apt-get update 2>&1 >/dev/null -o APT::Update::Error-Mode=any
}

# vm_download SUITES PACKAGE: the path of the package's current .deb, downloaded if it is not there.
vm_download() {
    local state=$cache/apt-$1 deb
    deb=$(cd "$state" && vm_apt "$1" apt-get --print-uris download "$2" | awk 'END { print $2 }') || return
    [ -n "$deb" ] || return
    [ -e "$state/debs/$deb" ] || (cd "$state/debs" && vm_apt "$1" apt-get download "$2" >/dev/null) || return
    echo "$state/debs/$deb"
}

# vm_unpack DEB FOLDER: like dpkg-deb -x, but keeps links to folders (merged /usr) as they are.
vm_unpack() {
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner -p
}

# vm_kernel_folder NAME: where the kernel NAME is, or would be.
vm_kernel_folder() {
    echo "$cache/kernel-$1-$(vm_key "$vm_dir/setup.bash" "$vm_dir/init")"
}

vm_make_kernel() {
    local name=$1 folder suites=release why image deb busybox
    folder=$(vm_kernel_folder "$name")
    [ "$name" = stable ] || suites=backports
    progress "kernel $name: looking for the package"
    why=$(vm_apt_update "$suites") || give_up "kernel $name unavailable: $why"
    [ "$suites" = release ] || why=$(vm_apt_update release) || give_up "busybox unavailable: $why"
    image=$(vm_apt "$suites" apt-cache depends linux-image-cloud-amd64 |
        awk '$1 == "Depends:" && $2 ~ /^linux-image/ { print $2; exit }')
    [ -n "$image" ] || give_up "kernel $name unavailable: no package linux-image-cloud-amd64"
    deb=$(vm_download "$suites" "$image") || give_up "kernel $name unavailable: cannot download $image"
    [ "$(cat "$folder/version" 2>/dev/null)" != "${deb##*/}" ] || return 0
    busybox=$(vm_download release busybox-static) || give_up "cannot download busybox-static"

    progress "kernel $name: unpacking ${deb##*/}"
    work=$(mktemp -d "$cache/work.XXXXXX")
    mkdir "$work/deb" "$work/busybox" "$work/result"
    vm_unpack "$deb" "$work/deb" && vm_unpack "$busybox" "$work/busybox" &&
        vm_make_initramfs "$work" && cp "$work"/deb/boot/vmlinuz-* "$work/result/vmlinuz" &&
        echo "${deb##*/}" >"$work/result/version" || give_up "cannot unpack the kernel $name"
    vm_publish "$work" "$folder"
}

# vm_make_initramfs WORK: from WORK/deb (the kernel) and WORK/busybox to WORK/result/initramfs.
vm_make_initramfs() {
    local root=$1/initramfs module file
    mkdir -p "$root"/{bin,dev,modules,root}
    cp "$1/busybox/bin/busybox" "$root/bin/busybox" || return
    install -m 755 "$vm_dir/init" "$root/init" || return
    : >"$root/modules/order"
    for module in "${modules[@]}"; do
        file=$(find "$1/deb" -name "$module.ko*")
        [ -n "$file" ] || continue
        case $file in
        *.xz) xz -dc "$file" >"$root/modules/$module.ko" ;;
        *) cp "$file" "$root/modules/$module.ko" ;;
        esac || return
        echo "$module.ko" >>"$root/modules/order"
    done
    (cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >"$1/result/initramfs"
}

# vm_base_folder: where the image of the guest's packages is, or would be. The machine's topology names the $lists of
# packages.
vm_base_folder() {
    echo "$cache/base-$(vm_key "$vm_dir/setup.bash" "${lists[@]/#/"$vm_dir/"}")"
}

vm_make_base() {
    local folder why root packages versions deb
    folder=$(vm_base_folder)
    progress "base image: looking for the packages"
    why=$(vm_apt_update release) || give_up "packages unavailable: $why"
    mapfile -t packages < <(sed '/^#/d; /^$/d' "${lists[@]/#/"$vm_dir/"}")
    why=$(vm_apt release apt-get -s install "${packages[@]}" 2>&1) || give_up "packages unavailable: $why"
    versions=$(awk '$1 == "Inst" { print $2, $3 }' <<<"$why" | sort)
    [ "$(cat "$folder/versions" 2>/dev/null)" != "$versions" ] || return 0

    progress "base image: downloading $(wc -l <<<"$versions") packages"
    vm_apt release apt-get clean
    vm_apt release apt-get -y --download-only install "${packages[@]}" >/dev/null ||
        give_up "packages unavailable: the download failed"

    progress "base image: unpacking"
    work=$(mktemp -d "$cache/work.XXXXXX")
    root=$work/root
    mkdir -p "$work/result" "$root"/{dev,proc,sys,tmp,run,root,home,numaperf,var}
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64,local}
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
    for deb in "$cache"/apt-release/cache/archives/*.deb; do
        vm_unpack "$deb" "$root" || give_up "cannot unpack $deb"
    done
    vm_configure_base "$root" || give_up "cannot configure the base image"
    echo "$versions" >"$work/result/versions"

    progress "base image: packing"
    mksquashfs "$root" "$work/result/image" -quiet -no-progress -all-root -noI -noD -noF -noX >/dev/null ||
        give_up "cannot pack the base image"
    vm_publish "$work" "$folder"
    vm_apt release apt-get clean
}

# vm_configure_base ROOT: what the packages' own scripts would have done, as far as tests need it.
vm_configure_base() {
    local root=$1 lib loader
    rm -rf "$root"/usr/share/{doc,man,info,locale,lintian,bash-completion,zoneinfo}
    mkdir -p "$root/etc/ld.so.conf.d"
    cat >"$root/etc/passwd" <<-'END'
	root:x:0:0:root:/root:/bin/bash
	redis:x:100:100::/var/lib/redis:/usr/sbin/nologin
	postgres:x:101:101::/var/lib/postgresql:/bin/bash
	user:x:1000:1000::/home/user:/bin/bash
	nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
	END
    printf '%s\n' root:x:0: tty:x:5: redis:x:100: postgres:x:101: user:x:1000: nogroup:x:65534: >"$root/etc/group"
    printf '%s\n' '127.0.0.1 localhost numaperf-vm' '::1 localhost' >"$root/etc/hosts"
    printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
    echo numaperf-vm >"$root/etc/hostname"
    ln -sf gawk "$root/usr/bin/awk"
    ln -sf /proc/self/mounts "$root/etc/mtab"

    # The alternatives system would have linked these.
    for lib in "$root"/usr/lib/*/{blas/libblas,lapack/liblapack}.so.3; do
        ln -sf "${lib#"${lib%/*/*}/"}" "${lib%/*/*}/"
    done

    # LLVM is a fifth of the image and serves PostgreSQL's compiler of queries alone.
    rm -f "$root"/usr/lib/*/{libLLVM,libz3}*

    # ldconfig -r wants to chroot. Its cache only saves time: the loader looks into the folders of Debian
    # anyway.
    ldconfig -r "$root" 2>/dev/null || unshare -r ldconfig -r "$root" 2>/dev/null || true

    # Compiling Python's modules at each start would take the guest seconds; numpy alone has hundreds.
    loader=$(echo "$root"/lib64/ld-linux-*.so.2)
    PYTHONHOME=$root/usr "$loader" --library-path "$(echo "$root"/usr/lib/*-linux-gnu)" \
        "$root"/usr/bin/python3.?? -m compileall -q -s "$root" --invalidation-mode unchecked-hash \
        "$root"/usr/lib/python3* -x 'test|lib2to3|idlelib' || true
}

# vm_publish WORK FOLDER: WORK/result becomes FOLDER. Machines that run on the folder's old files keep them
# open.
vm_publish() {
    rm -rf "$2"
    mv "$1/result" "$2"
    rm -rf "$1"
    work=
}

# vm_prepare KERNEL: make what is missing; with $refresh set, also what has newer versions.
vm_prepare() {
    local kernel_folder base_folder
    kernel_folder=$(vm_kernel_folder "$1")
    base_folder=$(vm_base_folder)
    [ -n "${refresh-}" ] || [ ! -d "$kernel_folder" ] || [ ! -d "$base_folder" ] || return 0
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock "$lock"
    [ -z "${refresh-}" ] && [ -d "$kernel_folder" ] || vm_make_kernel "$1"
    [ -z "${refresh-}" ] && [ -d "$base_folder" ] || vm_make_base
    rm -rf "$cache"/work.*
    find "$cache" -maxdepth 1 \( -name 'base-*' -o -name 'kernel-*' \) -mtime +30 \
        ! -path "$base_folder" ! -path "$kernel_folder" -exec rm -rf {} +
    exec {lock}>&-
}
